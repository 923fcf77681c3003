package dtc.runtime.coordinator;

import dtc.coordinator.RegistrationCodec;
import dtc.coordinator.RegistrationRecord;
import dtc.log.AppendResult;
import dtc.log.DecisionLog;
import dtc.protocol.Refusal;
import dtc.protocol.Refusal.Kind;
import dtc.runtime.Answer;
import dtc.runtime.LogFields;
import dtc.runtime.Registration;
import dtc.runtime.Registry;
import dtc.runtime.Stages;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.jboss.logging.Logger;

/**
 * Records the registry in the decision log, so that a restarted coordinator knows its resource managers. A registration
 * is recorded when its URL, instance or features change, not when it is renewed. It is answered once its record is
 * durable. The removal of a registration is recorded lazily: if a crash loses it, the lease lapses after the restart.
 */
public final class Registrations implements Registry.Store {

    private static final Logger LOG = Logger.getLogger(Registrations.class);

    private static final AppendResult NO_RESULT_YET = new AppendResult.Unknown();

    private final Registry registry;
    private final DecisionLog log;
    private final Map<String, Entry> entries = new ConcurrentHashMap<>();

    /** The newest record of a registration, and the result of its append. */
    private record Entry(RegistrationRecord record, CompletionStage<AppendResult> result) {

        /** Whether the log is known not to have the record. */
        boolean wasRefused() {
            CompletableFuture<AppendResult> future = result.toCompletableFuture();
            return !future.isCompletedExceptionally() && future.getNow(NO_RESULT_YET) instanceof AppendResult.Refused;
        }
    }

    Registrations(Registry registry, DecisionLog log) {
        this.registry = registry;
        this.log = log;
        registry.setStore(this);
    }

    /** Restores the registrations of earlier processes. Each has a new lease. */
    void recover(List<RegistrationRecord> records) {
        for (RegistrationRecord r : records) {
            if (restore(r)) {
                entries.put(r.id(), new Entry(r, CompletableFuture.completedFuture(new AppendResult.Stored())));
            } else {
                LogFields.log(
                        null,
                        r.id(),
                        () -> LOG.warnf(
                                "the registration of resource manager %s is removed: the host of %s is no longer allowed",
                                r.id(), r.url()));
                log.forget(RegistrationCodec.recordId(r.id()));
            }
        }
    }

    /**
     * Records the registrations in a log that was taken over, if they are not known here. A registration that is known
     * is newer, or is renewed soon.
     */
    void adopt(List<RegistrationRecord> records) {
        for (RegistrationRecord r : records) {
            if (registry.find(r.id()) == null && restore(r)) {
                entries.put(r.id(), new Entry(r, Stages.call(() -> log.append(LogRecords.encode(r)))));
            }
        }
    }

    /** Returns false if the host is no longer allowed. */
    private boolean restore(RegistrationRecord r) {
        return registry.recover(
                r.id(), r.url(), r.instance(), r.superseded(), r.features(), r.displaced(), r.registeredAt());
    }

    /** Registers a resource manager, or renews its lease: see {@link Registry#register}. */
    public CompletionStage<Answer<Registry.Registered>> register(
            String id, String url, UUID instance, Set<String> features) {
        Answer<Registry.Registered> answer = registry.register(id, url, instance, features);
        Entry entry = entries.get(id);
        if (answer instanceof Answer.Refused || entry == null) {
            return CompletableFuture.completedFuture(answer);
        }
        return entry.result().thenApply(result -> switch (result) {
            case AppendResult.Stored() -> answer;
            case AppendResult.Refused(String reason) -> refused(id, reason);
            case AppendResult.Fenced(), AppendResult.Unknown() -> refused(id, "the decision log has failed");
        });
    }

    private static Answer<Registry.Registered> refused(String id, String reason) {
        return Answer.refused(new Refusal(Kind.LOG_REFUSING, "the registration is not recorded: " + reason, null, id));
    }

    @Override
    public void put(Registration r) {
        RegistrationRecord record = new RegistrationRecord(
                r.id(), r.url(), r.instance(), r.superseded(), r.features(), r.displaced(), r.registeredAt());
        Entry last = entries.get(r.id());
        if (last == null || !last.record().isSame(record) || last.wasRefused()) {
            entries.put(r.id(), new Entry(record, Stages.call(() -> log.append(LogRecords.encode(record)))));
        }
    }

    @Override
    public void remove(String id) {
        if (entries.remove(id) != null) {
            log.forget(RegistrationCodec.recordId(id));
        }
    }
}
