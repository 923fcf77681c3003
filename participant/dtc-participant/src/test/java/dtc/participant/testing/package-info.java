/** A database and a coordinator for tests, also those of the adapters. */
package dtc.participant.testing;
