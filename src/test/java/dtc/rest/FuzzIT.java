package dtc.rest;

import io.quarkus.test.junit.QuarkusIntegrationTest;

/** Whatever comes in, the packaged application answers no failure of its own either. */
@QuarkusIntegrationTest
class FuzzIT extends FuzzTest {}
