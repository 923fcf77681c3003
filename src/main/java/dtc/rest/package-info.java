/** HTTP in and out: the resources of both interfaces, the REST clients, problem+json. */
@NullMarked
package dtc.rest;

import org.jspecify.annotations.NullMarked;
