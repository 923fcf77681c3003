package dtc.bench.system;

import dtc.bench.load.LoadGenerator;
import dtc.bench.load.Transaction;
import java.util.SequencedMap;
import java.util.Set;

/** A system that runs and is measured. */
public interface MeasuredSystem {

    SystemName name();

    Set<Form> forms();

    /** Processes by role. The coordinator is the first. */
    SequencedMap<String, JavaProcess> processes();

    /** Throws if {@code form} is not among {@link #forms()}. */
    Transaction transaction(Form form, int participants, Keys keys);

    /** Starts a background load, smaller in a quick run. Uses {@code load}, which is free again when this returns. */
    default BackgroundLoad startBackground(Background background, LoadGenerator load, boolean quick) {
        if (background == Background.NONE) {
            return () -> {};
        }
        throw new IllegalArgumentException(background.name());
    }
}
