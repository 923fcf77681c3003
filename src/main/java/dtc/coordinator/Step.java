package dtc.coordinator;

import java.util.List;

/** What an event leads to. */
public record Step(Transaction transaction, List<Effect> effects) {

    static Step of(Transaction transaction, Effect... effects) {
        return new Step(transaction, List.of(effects));
    }
}
