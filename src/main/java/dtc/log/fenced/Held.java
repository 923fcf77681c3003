package dtc.log.fenced;

/**
 * A number that this process holds, until another process seals it.
 *
 * @param owner the value of the owner key while this process holds the number
 * @param head the sequence number of the newest batch when this process acquired the number; 0 if there is none
 */
public record Held(int number, Owner owner, long head) {}
