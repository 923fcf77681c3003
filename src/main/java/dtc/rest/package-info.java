/** HTTP: the resources of both interfaces, the REST clients, and problem+json. */
@NullMarked
package dtc.rest;

import org.jspecify.annotations.NullMarked;
