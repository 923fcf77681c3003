package dtc.runtime.participant;

/** The owner of a {@link ResourceSession}. */
interface SessionListener {

    /** The session is over. Called once. */
    void failed(StoreException cause);

    /** Outcomes were evicted although they are not old. */
    void evictedEarly(int kept);
}
