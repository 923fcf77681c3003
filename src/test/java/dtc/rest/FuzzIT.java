package dtc.rest;

import io.quarkus.test.junit.QuarkusIntegrationTest;

/** Runs the fuzz test with the packaged application. */
@QuarkusIntegrationTest
class FuzzIT extends FuzzTest {}
