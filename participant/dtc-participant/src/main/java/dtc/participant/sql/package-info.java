/** The tables of the library in the database of the service, and the differences between databases. */
package dtc.participant.sql;
