/** Authentication and authorization of callers, and authentication and allowed hosts of outgoing requests. */
@NullMarked
package dtc.security;

import org.jspecify.annotations.NullMarked;
