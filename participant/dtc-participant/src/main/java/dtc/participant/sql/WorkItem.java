package dtc.participant.sql;

/**
 * Work that is done at the vote.
 *
 * @param name which handler does it
 * @param payload what it is given, for example JSON
 */
public record WorkItem(String name, String payload) {}
