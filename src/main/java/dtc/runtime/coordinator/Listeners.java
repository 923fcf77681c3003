package dtc.runtime.coordinator;

import java.util.List;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/** Calls all listeners. An exception in a listener does not affect other listeners or the transaction. */
final class Listeners implements TransactionListener {

    private static final Logger LOG = Logger.getLogger(Listeners.class);

    private final List<TransactionListener> listeners;

    Listeners(List<? extends TransactionListener> listeners) {
        this.listeners = List.copyOf(listeners);
    }

    @Override
    public void applied(AppliedEvent applied) {
        each(listener -> listener.applied(applied));
    }

    @Override
    public void delivery(DeliveryEvent event) {
        each(listener -> listener.delivery(event));
    }

    private void each(Consumer<TransactionListener> call) {
        for (TransactionListener listener : listeners) {
            try {
                call.accept(listener);
            } catch (RuntimeException | LinkageError | AssertionError e) {
                LOG.errorf(e, "listener %s failed", listener.getClass().getName());
            }
        }
    }
}
