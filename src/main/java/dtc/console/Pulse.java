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
 * One beat for all that is live: closes an interval of the charts, and tells every open page to look again. There is
 * one stream, however many look; a page that does not keep up misses beats, which are all alike.
 */
@Singleton
class Pulse {

    static final Duration INTERVAL = Duration.ofSeconds(2);

    private final Time time;
    private final Rates rates;
    private final Votes votes;
    private final Registry registry;
    private final ConsoleSettings settings;
    private final BroadcastProcessor<Beat> beats = BroadcastProcessor.create();
    private final AtomicInteger viewers = new AtomicInteger();
    private volatile Instant startedAt = Instant.EPOCH;
    private volatile boolean stopped;
    private final AtomicLong number = new AtomicLong();

    /**
     * What an open page is told.
     *
     * @param startedAt tells it that the coordinator was restarted under it
     * @param full whether too many pages are open already; it is then told nothing more
     */
    public record Beat(Instant startedAt, Instant at, boolean full) {}

    Pulse(Time time, Rates rates, Votes votes, Registry registry, ConsoleSettings settings) {
        this.time = time;
        this.rates = rates;
        this.votes = votes;
        this.registry = registry;
        this.settings = settings;
    }

    void start(@Observes StartupEvent event) {
        startedAt = time.now();
        if (settings.coordinates()) {
            again();
        }
    }

    /** Pages that stay open must not delay a stop. */
    void stop(@Observes ShutdownDelayInitiatedEvent event) {
        stopped = true;
        beats.onComplete();
    }

    private void again() {
        time.after(INTERVAL, () -> {
            if (!stopped) {
                again();
                beat();
            }
        });
    }

    void beat() {
        number.incrementAndGet();
        rates.pulse();
        votes.makeRoom(id -> registry.find(id) != null);
        beats.onNext(now(false));
    }

    private Beat now(boolean full) {
        return new Beat(startedAt, time.now(), full);
    }

    /** Grows with each beat. */
    long number() {
        return number.get();
    }

    Instant startedAt() {
        return startedAt;
    }

    int viewers() {
        return viewers.get();
    }

    /** The first beat at once. Where too many look already it is the only one: a page can read that, and no status. */
    Multi<Beat> watch() {
        if (viewers.incrementAndGet() > settings.viewersMax()) {
            viewers.decrementAndGet();
            return Multi.createFrom().item(now(true));
        }
        return Multi.createBy()
                .concatenating()
                .streams(
                        Multi.createFrom().item(() -> now(false)),
                        beats.onOverflow().dropPreviousItems())
                .onTermination()
                .invoke(viewers::decrementAndGet);
    }
}
