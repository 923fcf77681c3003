package dtc.bench;

import dtc.bench.system.Background;
import dtc.bench.system.Form;
import dtc.bench.system.Keys;
import dtc.bench.system.SystemName;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** A workload. */
enum Scenario {
    ONE_CALL(
            "One call", "The client sends one request: begin, a write to each participant, and commit.", Form.ONE_CALL),
    INTERACTIVE(
            "Interactive",
            "The client begins a transaction, sends one write to each participant, and commits: four requests with two "
                    + "participants. With the peers, the client sends the writes to the participants, which enlist "
                    + "themselves.",
            Form.INTERACTIVE),
    ROLLBACK("Rollback", "Like interactive, but the client rolls back. LRA compensates.", Form.ROLLBACK),
    HOT_KEYS(
            "Hot keys",
            "One call, with all writes on 16 keys: most transactions conflict with another one at both participants. "
                    + "Measured only for systems whose participants lock keys.",
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
    BASELINE(
            "Baseline",
            "One call without background load, measured between the scenarios before and after, for comparison with them.",
            Form.ONE_CALL),
    OPEN_PAGES(
            "Many open pages",
            "One call, while 50 pages of the console (2 in a quick run) are open and refresh at each update.",
            Form.ONE_CALL),
    SOAK(
            "Soak",
            "One million transactions (5,000 in a quick run) in one call. The heap is the memory in use after a full "
                    + "collection, at each tenth of the transactions. DTC keeps a fixed number of finished transactions "
                    + "and outcomes.",
            Form.ONE_CALL);

    static final int USUAL_CLIENTS = 64;

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

    /** The echo is measured in every scenario, as the floor of that table. */
    boolean appliesTo(SystemName system) {
        return switch (this) {
            case ONE_CALL -> system.isDtc() || system == SystemName.ECHO;
            case HOT_KEYS, OPEN_TRANSACTIONS, RESOURCE_MANAGERS, BASELINE, OPEN_PAGES ->
                system == SystemName.DTC_MEMORY || system == SystemName.DTC_FILE || system == SystemName.ECHO;
            case INTERACTIVE -> true;
            case ROLLBACK -> system != SystemName.DTC_UNBATCHED;
            case PARTICIPANTS ->
                system == SystemName.DTC_MEMORY
                        || system == SystemName.DTC_FILE
                        || system == SystemName.RESTAT_FILE
                        || system == SystemName.ECHO;
            case SOAK -> system == SystemName.DTC_MEMORY || system == SystemName.DTC_FILE;
        };
    }

    /** The form of this scenario, or the closest one that a system offers. */
    Form form(Set<Form> offered) {
        if (offered.contains(form)) {
            return form;
        }
        return offered.contains(Form.INTERACTIVE) ? Form.INTERACTIVE : Form.ECHO;
    }

    Keys keys() {
        return this == HOT_KEYS ? Keys.HOT : Keys.MANY;
    }

    Background background() {
        return switch (this) {
            case OPEN_TRANSACTIONS -> Background.OPEN_TRANSACTIONS;
            case RESOURCE_MANAGERS -> Background.RESOURCE_MANAGERS;
            case OPEN_PAGES -> Background.OPEN_PAGES;
            case ONE_CALL, INTERACTIVE, ROLLBACK, HOT_KEYS, PARTICIPANTS, BASELINE, SOAK -> Background.NONE;
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
                    BASELINE,
                    OPEN_PAGES -> List.of(2);
            case SOAK -> List.of();
        };
    }

    /** The numbers of concurrent clients, of those requested. */
    List<Integer> clients(List<Integer> requested) {
        return switch (this) {
            case ONE_CALL, INTERACTIVE -> requested;
            case ROLLBACK, HOT_KEYS, PARTICIPANTS, OPEN_TRANSACTIONS, RESOURCE_MANAGERS, BASELINE, OPEN_PAGES, SOAK ->
                List.of(usual(requested));
        };
    }

    /** 64 clients if they are among those requested, otherwise the most. */
    static int usual(List<Integer> requested) {
        return requested.contains(USUAL_CLIENTS) ? USUAL_CLIENTS : requested.getLast();
    }

    String id() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
