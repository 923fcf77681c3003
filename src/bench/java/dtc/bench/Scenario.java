package dtc.bench;

import dtc.bench.system.Crowd;
import dtc.bench.system.Form;
import dtc.bench.system.Keys;
import dtc.bench.system.SystemName;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** One question to the systems. */
enum Scenario {
    ONE_CALL(
            "One call",
            "Begin, a write to each participant and the whole protocol in one call of the client.",
            Form.ONE_CALL),
    INTERACTIVE(
            "Interactive",
            "Begin, a write to each participant, and the end: four calls of the client with two participants. "
                    + "With the peers the client writes to the participants, which enlist themselves.",
            Form.INTERACTIVE),
    ROLLBACK("Rollback", "As interactive, but the client rolls back. LRA compensates.", Form.ROLLBACK),
    HOT_KEYS(
            "Hot keys",
            "One call, all on 16 keys: most transactions meet another one at both participants. "
                    + "Only systems whose participants lock keys.",
            Form.ONE_CALL),
    PARTICIPANTS(
            "Participants",
            "From 1 to 32 participants with one write each: DTC in one call, REST-AT interactive.",
            Form.ONE_CALL),
    OPEN_TRANSACTIONS(
            "Many open transactions",
            "One call, while 10,000 other transactions (500 in a quick run) with one write each are open.",
            Form.ONE_CALL),
    RESOURCE_MANAGERS(
            "Many resource managers",
            "One call, while 1,000 other resource managers (50 in a quick run) are registered and renew their leases.",
            Form.ONE_CALL),
    NOBODY(
            "Nobody beside",
            "One call again, without what there is beside it in the tables before and after: what to compare them with, "
                    + "since it is measured between them.",
            Form.ONE_CALL),
    OPEN_PAGES(
            "Many open pages",
            "One call, while 50 pages of the console (2 in a quick run) are open and refresh at each beat.",
            Form.ONE_CALL),
    SOAK(
            "Soak",
            "One million transactions (5,000 in a quick run) in one call. The heap is what is in use after a full "
                    + "collection at each tenth of them; DTC keeps a fixed number of finished transactions and outcomes.",
            Form.ONE_CALL),
    ECHO("Floor", "A JSON echo of a body like that of a one-call transaction, on the same stack.", Form.ECHO);

    private static final int USUAL_CLIENTS = 64;

    private final String title;
    private final String text;
    private final Form form;

    Scenario(String title, String text, Form form) {
        this.title = title;
        this.text = text;
        this.form = form;
    }

    String title() {
        return title;
    }

    String text() {
        return text;
    }

    boolean asks(SystemName system) {
        return switch (this) {
            case ONE_CALL ->
                system == SystemName.DTC_MEMORY || system == SystemName.DTC_FILE || system == SystemName.DTC_UNBATCHED;
            case HOT_KEYS, OPEN_TRANSACTIONS, RESOURCE_MANAGERS, NOBODY, OPEN_PAGES, SOAK ->
                system == SystemName.DTC_MEMORY || system == SystemName.DTC_FILE;
            case INTERACTIVE -> system != SystemName.ECHO;
            case ROLLBACK -> system != SystemName.ECHO && system != SystemName.DTC_UNBATCHED;
            case PARTICIPANTS ->
                system == SystemName.DTC_MEMORY || system == SystemName.DTC_FILE || system == SystemName.RESTAT_FILE;
            case ECHO -> system == SystemName.ECHO;
        };
    }

    /** The form in which a system that has only some is asked. */
    Form form(Set<Form> offered) {
        return offered.contains(form) ? form : Form.INTERACTIVE;
    }

    Keys keys() {
        return this == HOT_KEYS ? Keys.HOT : Keys.MANY;
    }

    Crowd crowd() {
        return switch (this) {
            case OPEN_TRANSACTIONS -> Crowd.OPEN_TRANSACTIONS;
            case RESOURCE_MANAGERS -> Crowd.RESOURCE_MANAGERS;
            case OPEN_PAGES -> Crowd.OPEN_PAGES;
            case ONE_CALL, INTERACTIVE, ROLLBACK, HOT_KEYS, PARTICIPANTS, NOBODY, SOAK, ECHO -> Crowd.NOBODY;
        };
    }

    List<Integer> participants() {
        return switch (this) {
            case PARTICIPANTS -> List.of(1, 2, 4, 8, 16, 32);
            case ONE_CALL,
                    INTERACTIVE,
                    ROLLBACK,
                    HOT_KEYS,
                    OPEN_TRANSACTIONS,
                    RESOURCE_MANAGERS,
                    NOBODY,
                    OPEN_PAGES,
                    ECHO -> List.of(2);
            case SOAK -> List.of();
        };
    }

    /** How many clients at a time, of those asked for. */
    List<Integer> clients(List<Integer> wished) {
        return switch (this) {
            case ONE_CALL, INTERACTIVE, ECHO -> wished;
            case ROLLBACK, HOT_KEYS, PARTICIPANTS, OPEN_TRANSACTIONS, RESOURCE_MANAGERS, NOBODY, OPEN_PAGES, SOAK ->
                List.of(wished.contains(USUAL_CLIENTS) ? USUAL_CLIENTS : wished.getLast());
        };
    }

    String id() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
