/** Transactions for clients. Begin with {@link dtc.client.DtcClient}. */
package dtc.client;
