package dtc.console;

import dtc.runtime.Registry;
import dtc.runtime.Time;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.runtime.StartupEvent;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.operators.multi.processors.BroadcastProcessor;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Tells open pages to reload their content, and closes the intervals of the charts. All pages share one stream. A page
 * that is too slow misses updates; the next one is enough.
 */
@Singleton
class LiveUpdates {

    static final Duration INTERVAL = Duration.ofSeconds(2);

    private final Time time;
    private final Rates rates;
    private final VoteStatistics votes;
    private final Registry registry;
    private final ConsoleSettings settings;
    private final BroadcastProcessor<Update> stream = BroadcastProcessor.create();
    private final AtomicInteger viewers = new AtomicInteger();
    private volatile Instant startedAt = Instant.EPOCH;
    private volatile boolean stopped;
    private final AtomicLong number = new AtomicLong();

    /**
     * An event of the stream.
     *
     * @param startedAt when the coordinator started, so that a page notices a restart
     * @param full whether too many pages are open; the page then receives no further updates
     */
    public record Update(Instant startedAt, Instant at, boolean full) {}

    LiveUpdates(Time time, Rates rates, VoteStatistics votes, Registry registry, ConsoleSettings settings) {
        this.time = time;
        this.rates = rates;
        this.votes = votes;
        this.registry = registry;
        this.settings = settings;
    }

    void start(@Observes StartupEvent event) {
        startedAt = time.now();
        if (settings.coordinates()) {
            updateLater();
        }
    }

    /** Pages that stay open must not delay a stop. */
    void stop(@Observes ShutdownDelayInitiatedEvent event) {
        stopped = true;
        stream.onComplete();
    }

    private void updateLater() {
        time.after(INTERVAL, () -> {
            if (!stopped) {
                updateLater();
                update();
            }
        });
    }

    void update() {
        number.incrementAndGet();
        rates.closeInterval();
        votes.makeRoom(id -> registry.find(id) != null);
        stream.onNext(now(false));
    }

    private Update now(boolean full) {
        return new Update(startedAt, time.now(), full);
    }

    /** The number of updates so far. */
    long number() {
        return number.get();
    }

    Instant startedAt() {
        return startedAt;
    }

    int viewers() {
        return viewers.get();
    }

    /**
     * Returns the stream for a page. The first event is sent at once. If too many pages are open, it is the only one.
     */
    Multi<Update> watch() {
        if (viewers.incrementAndGet() > settings.viewersMax()) {
            viewers.decrementAndGet();
            return Multi.createFrom().item(now(true));
        }
        return Multi.createBy()
                .concatenating()
                .streams(
                        Multi.createFrom().item(() -> now(false)),
                        stream.onOverflow().dropPreviousItems())
                .onTermination()
                .invoke(viewers::decrementAndGet);
    }
}
