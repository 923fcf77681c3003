package dtc.bench.system;

/** A background load that runs until it is closed. */
@FunctionalInterface
public interface BackgroundLoad extends AutoCloseable {

    @Override
    void close();
}
