package dtc.simulation;

/** What a scenario may set; times in milliseconds. The product's own defaults, but for the smaller numbers. */
enum Setting {
    /** Of the ids and of the cuts in growing pauses. */
    SEED("seed", 0),
    TRANSACTION_TIMEOUT("transaction timeout", 30_000),
    RETENTION("retention", 3_600_000),
    RETAINED_MAX("retained at most", 1_000),
    IN_FLIGHT_MAX("in flight at most", 50),
    ROLLBACK_TRIES_MAX("rollback tries at most", 10),
    REDELIVERIES_MAX("redeliveries under way at most", 2),
    ROLLBACKS_WAITING_MAX("rollbacks waiting at most", 20),
    UNDELIVERED_MAX("undelivered at most", 40),
    STAGED_TIMEOUT("staged timeout", 60_000),
    STAGED_MAX("staged at most", 50),
    /** Characters of all committed entries of a resource manager. */
    STORED_MAX("stored at most", 100_000),
    /** Outcomes that a resource manager remembers. */
    REMEMBERED_MAX("remembered at most", 1_000),
    /** Requests under way to a resource manager, beyond which messages gather. */
    LANES("lanes", 1),
    /** 1: messages of the same moment leave together; 0: the first leaves at once. */
    TURN("turn", 0),
    /** Messages that wait for one resource manager. */
    LANE_WAITING_MAX("waiting for a lane at most", 1_000),
    /** After which a request that is not answered gives its lane free. */
    PATIENCE("patience", 20),
    /** Messages in one request; with 1, resource managers do not offer to take more. */
    BATCH_MAX("batch at most", 1),
    /** Whether resource managers take writes along with the request for a vote. */
    CARRY("carry writes", 0),
    /** Whether clients want their answer as soon as the decision is certain. */
    RESPOND_ASYNC("respond async", 0),
    /** How long the database of a durable resource manager takes; 0 if it answers at once. */
    STORE("store takes up to", 0),
    /** Of a thousand appends and questions, those without an answer. */
    STORE_LOST("store answers lost per mille", 0),
    /** Of a thousand appends, those that are refused. */
    STORE_REFUSED("appends refused per mille", 0),
    /** Of a thousand appends, those during which another process opens the store. */
    STORE_TAKEOVER("store taken over per mille", 0),
    /** Coordinators that share a store; 0 for one coordinator with a log on its disk. */
    COORDINATORS("coordinators", 0),
    /** Of a thousand, the questions to which the failure detector of coordinators gives a wrong answer. */
    DETECTOR_LIES("detector lies per mille", 0),
    /** How long the disk keeps a decision waiting. */
    DISK("disk takes up to", 3),
    /** Bytes of one file of the decision log. */
    SEGMENT("segment", 4_000);

    final String text;
    final long byDefault;

    Setting(String text, long byDefault) {
        this.text = text;
        this.byDefault = byDefault;
    }

    static Setting parse(String text) {
        for (Setting setting : values()) {
            if (setting.text.equals(text)) {
                return setting;
            }
        }
        throw new IllegalArgumentException("no such setting: " + text);
    }
}
