package dtc.bench.system;

import dtc.bench.load.Load;
import dtc.bench.load.Transaction;
import java.util.SequencedMap;
import java.util.Set;

/** A system that runs and is measured. */
public interface Measured {

    SystemName name();

    Set<Form> forms();

    /** By role; the coordinator is the first. */
    SequencedMap<String, JavaProcess> processes();

    /** Throws where {@code form} is not among {@link #forms()}. */
    Transaction transaction(Form form, int participants, Keys keys);

    /** Has a crowd gather, by means of {@code load}, which is free again when this returns. */
    default Gathering gather(Crowd crowd, Load load, int size) {
        if (crowd == Crowd.NOBODY) {
            return () -> {};
        }
        throw new IllegalArgumentException(crowd.name());
    }
}
