package dtc.bench.system;

/** A crowd that has gathered. */
@FunctionalInterface
public interface Gathering extends AutoCloseable {

    /** Sends it home. */
    @Override
    void close();
}
