package dtc.rest;

import io.quarkus.test.junit.QuarkusIntegrationTest;

/** Runs the tests of transactions with the packaged application, jar or native binary. */
@QuarkusIntegrationTest
class TransactionsIT extends TransactionsTest {}
