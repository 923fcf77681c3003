package dtc.participant;

import java.sql.Connection;

/**
 * Does one kind of work with the tables of the service, at the vote. It runs in any process of the service. It may run
 * more than once, but only one run is committed, so it should only use the connection.
 */
@FunctionalInterface
public interface WorkHandler {

    /**
     * Does the work. After an exception the vote is ABORT with its message.
     *
     * @param connection in a transaction that the library ends. Rows that the work depends on must be locked, for
     *     example with {@code SELECT … FOR UPDATE}
     * @param payload what was given to {@link DtcParticipant#perform}
     */
    void run(Connection connection, String payload) throws Exception;
}
