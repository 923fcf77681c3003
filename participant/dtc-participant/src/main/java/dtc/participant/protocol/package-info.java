/** The rules of a resource manager as pure functions, without I/O. */
package dtc.participant.protocol;
