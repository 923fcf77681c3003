package dtc.conformance;

import dtc.conformance.CheckOptions.Restarter;
import java.io.IOException;
import java.util.concurrent.Phaser;
import org.jspecify.annotations.Nullable;

/** One restart for several rows: it takes place when each row has asked for it or has ended. */
final class SharedRestart {

    private final Restarter restarter;
    private volatile @Nullable String failure;

    private final Phaser phaser = new Phaser() {
        @Override
        protected boolean onAdvance(int phase, int registeredParties) {
            if (phase == 0 && registeredParties > 0) {
                restart();
            }
            return super.onAdvance(phase, registeredParties);
        }
    };

    SharedRestart(Restarter restarter, int rows) {
        this.restarter = restarter;
        phaser.bulkRegister(rows);
    }

    private void restart() {
        try {
            restarter.restart();
        } catch (IOException e) {
            failure = "The restart failed: " + e.getMessage();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            failure = "The restart was interrupted.";
        }
    }

    /** Waits for the restart. Called at most once by each row. */
    void await() {
        phaser.arriveAndAwaitAdvance();
        if (failure != null) {
            throw new RowFailure(failure);
        }
    }

    /** Ends a row. */
    void leave() {
        phaser.arriveAndDeregister();
    }
}
