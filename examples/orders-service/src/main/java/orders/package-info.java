/** A service that keeps orders in PostgreSQL. */
package orders;
