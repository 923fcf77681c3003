package dtc.rest;

import io.quarkus.test.junit.QuarkusIntegrationTest;

/** The packaged application, jar or native binary, keeps the contract. */
@QuarkusIntegrationTest
class TransactionsIT extends TransactionsTest {}
