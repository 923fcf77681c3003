package dtc.log;

/** The notices for operators when a log begins to refuse decisions, and when it accepts them again. */
public final class RefusalNotices {

    public static final String ACCEPTED = "new transactions and commits are accepted again";

    private RefusalNotices() {}

    public static String refused(String reason) {
        return "new transactions and commits are refused: " + reason;
    }
}
