package dtc.runtime.participant;

/** The owner of a {@link ResourceSession}. */
interface SessionListener {

    /** The session has ended with a failure. Called once. */
    void failed(StoreException cause);

    /** Outcomes were evicted before their retention ended, because there were too many. */
    void evictedEarly(int kept);
}
