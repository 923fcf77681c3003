package dtc.participant;

import dtc.client.TokenFile;
import dtc.client.TransactionContext;
import dtc.participant.coordinator.CoordinatorHttp;
import dtc.participant.coordinator.CoordinatorLink;
import dtc.participant.http.MessageHandler;
import dtc.participant.http.MessageRequest;
import dtc.participant.http.MessageResponse;
import dtc.participant.http.Messages;
import dtc.participant.json.Json;
import dtc.participant.protocol.Reply;
import dtc.participant.sql.Database;
import dtc.participant.sql.Housekeeping;
import dtc.participant.sql.ParticipantStore;
import dtc.participant.sql.PostgreSqlDialect;
import dtc.participant.sql.PreparedTransaction;
import dtc.participant.sql.StoreLimits;
import dtc.participant.sql.WorkItem;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Makes a service with tables of its own a participant in transactions. The service does not change its tables in its
 * endpoints, but stages work there, which a handler does at the vote:
 *
 * <pre>{@code
 * DtcParticipant participant = DtcParticipant.builder(config, dataSource)
 *         .work("place-order", (connection, order) -> insert(connection, order))
 *         .build();
 * participant.start();
 * participant.register();
 *
 * // in an endpoint
 * participant.within(request.header("DTC-Transaction"), () -> participant.perform("place-order", order));
 * }</pre>
 *
 * The adapters for Quarkus and Spring Boot do all of this except {@code perform}. Thread-safe.
 */
public final class DtcParticipant implements AutoCloseable {

    /** The name of work that stands for a write of the coordinator. */
    private static final String WRITE = "dtc:write";

    /** The request that the current thread handles, if it belongs to a transaction. */
    private static final ThreadLocal<@Nullable Work> CURRENT = new ThreadLocal<>();

    private final ParticipantConfig config;
    private final Map<String, WorkHandler> handlers;
    private final @Nullable EntryHandler entries;
    private final Supplier<@Nullable Work> currentWork;
    private final ParticipantStore store;
    private final Counters counters = new Counters();
    private final MessageProcessor processor;
    private final CoordinatorLink coordinator;
    private final Recovery recovery;
    private final Membership membership;
    private final MessageHandler messageHandler = new MessageHandler(new Incoming());

    private DtcParticipant(Builder builder) {
        this.config = builder.config;
        this.handlers = Map.copyOf(builder.handlers);
        this.entries = builder.entries;
        this.currentWork = builder.currentWork;
        Database database = new Database(
                builder.dataSource,
                new PostgreSqlDialect(),
                new StoreLimits(config.lockTimeout(), config.voteTimeout()));
        this.store = new ParticipantStore(database, config.id());
        this.processor = new MessageProcessor(store, this::run, counters);
        this.coordinator = new CoordinatorLink(
                new CoordinatorHttp(config.coordinators(), TokenFile.supplier(config.tokenFile())), config.id());
        this.recovery =
                new Recovery(config, store, new Housekeeping(database, config.id()), processor, coordinator, counters);
        this.membership = new Membership(config, recovery::identity, coordinator);
    }

    public static Builder builder(ParticipantConfig config, DataSource dataSource) {
        return new Builder(config, dataSource);
    }

    /** Collects the handlers of the service. */
    public static final class Builder {
        private final ParticipantConfig config;
        private final DataSource dataSource;
        private final Map<String, WorkHandler> handlers = new HashMap<>();
        private @Nullable EntryHandler entries;
        private Supplier<@Nullable Work> currentWork = () -> null;

        private Builder(ParticipantConfig config, DataSource dataSource) {
            this.config = config;
            this.dataSource = dataSource;
        }

        /**
         * Work that is staged in one version of the service may be done by the next one, so names should not change.
         */
        public Builder work(String name, WorkHandler handler) {
            if (name.equals(WRITE) || handlers.put(name, handler) != null) {
                throw new IllegalArgumentException("there are two handlers for " + name);
            }
            return this;
        }

        public Builder entries(EntryHandler handler) {
            entries = handler;
            return this;
        }

        /**
         * For frameworks whose requests do not belong to a thread. Returns the work of the current request, or null.
         */
        public Builder currentWork(Supplier<@Nullable Work> supplier) {
            currentWork = supplier;
            return this;
        }

        public DtcParticipant build() {
            return new DtcParticipant(this);
        }
    }

    // Life of the process

    /**
     * Creates the tables if they are missing, ends what an earlier process left in doubt if the coordinator answers,
     * and continues with that in the background. Call it before the service accepts requests.
     */
    public void start() throws SQLException {
        recovery.start();
    }

    /** Registers the service. Call it when the service accepts requests. */
    public void register() {
        membership.start();
    }

    @Override
    public void close() {
        membership.stop(config.deregisterOnStop() && !recovery.mayHavePrepared());
        recovery.close();
    }

    public ParticipantStatus status() {
        return new ParticipantStatus(
                membership.wasRegistered() && recovery.isDatabaseAvailable(),
                membership.isRegistered(),
                recovery.isDatabaseAvailable(),
                recovery.inDoubt(),
                recovery.oldestInDoubt(),
                recovery.unresolvable(),
                counters.votesCommit.sum(),
                counters.votesAbort.sum(),
                counters.commits.sum(),
                counters.rollbacks.sum(),
                counters.unavailable.sum(),
                counters.inquiries.sum());
    }

    // Work

    /**
     * Does work. If the request that this thread handles belongs to a transaction, the work is staged, and done at the
     * vote of the transaction. Otherwise it is done at once, in a transaction of the database.
     *
     * @param name the name of a handler
     * @param payload what the handler gets, for example JSON
     * @throws ParticipationException if the service cannot take part in the transaction, or if the work failed
     */
    public void perform(String name, String payload) {
        if (!handlers.containsKey(name)) {
            throw new IllegalArgumentException("there is no handler for " + name);
        }
        WorkItem item = new WorkItem(name, payload);
        Work work = CURRENT.get() == null ? currentWork.get() : CURRENT.get();
        if (work != null) {
            work.stage(item);
            return;
        }
        try {
            store.runNow(List.of(item), this::run);
        } catch (SQLException e) {
            throw new ParticipationException(503, "the database failed: " + e.getMessage());
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new ParticipationException(409, String.valueOf(e.getMessage()));
        }
    }

    /** An action that may fail. */
    @FunctionalInterface
    public interface Action<X extends Exception> {
        void run() throws X;
    }

    /**
     * Runs an action in the transaction that a request belongs to. If the action fails, the transaction does not
     * commit.
     *
     * @param transaction the value of the header {@code DTC-Transaction}; null if the request has none
     */
    public <X extends Exception> void within(@Nullable String transaction, Action<X> action) throws X {
        if (transaction == null) {
            action.run();
            return;
        }
        try (Work work = open(transaction)) {
            action.run();
            work.complete();
        }
    }

    /**
     * Binds the transaction of a request to this thread, for filters. They {@linkplain Work#complete complete} it
     * before the response is sent, and close it on the same thread.
     *
     * @throws IllegalArgumentException if the id is not that of a transaction
     */
    public Work open(String transaction) {
        TransactionContext.Scope scope = TransactionContext.enter(transaction);
        Work work = work(transaction, () -> {
            scope.close();
            CURRENT.remove();
        });
        CURRENT.set(work);
        return work;
    }

    /**
     * Begins the work of a request without binding it to the thread. The framework returns it to
     * {@link Builder#currentWork}.
     *
     * @throws IllegalArgumentException if the id is not that of a transaction
     */
    public Work begin(String transaction) {
        return work(TransactionContext.requireId(transaction), () -> {});
    }

    private Work work(String transaction, Runnable unbind) {
        return new Work(
                UUID.fromString(transaction), () -> recovery.identity().instance(), coordinator, processor, unbind);
    }

    private void run(Connection connection, WorkItem item) throws Exception {
        if (item.name().equals(WRITE)) {
            write(connection, item.payload());
            return;
        }
        WorkHandler handler = handlers.get(item.name());
        if (handler == null) {
            throw new IllegalStateException("this version of the service has no handler for " + item.name());
        }
        handler.run(connection, item.payload());
    }

    private void write(Connection connection, String body) throws Exception {
        Map<String, String> members = Json.members(body);
        String key = members == null ? null : Json.string(members.get("key"));
        String value = members == null ? null : members.get("value");
        if (entries == null || key == null || value == null) {
            throw new IllegalStateException("this version of the service does not accept writes");
        }
        entries.write(connection, key, value);
    }

    // Messages

    /** Handles a request for a path below the URL of the service that is registered. */
    public MessageResponse handle(MessageRequest request) {
        return messageHandler.handle(request);
    }

    /** The messages of the coordinator. */
    private final class Incoming implements Messages {

        @Override
        public String id() {
            return config.id();
        }

        @Override
        public UUID instance() {
            return recovery.identity().instance();
        }

        @Override
        public Reply write(UUID transaction, @Nullable Integer number, String body) {
            return processor.stage(transaction, number, List.of(new WorkItem(WRITE, body)));
        }

        @Override
        public Reply prepare(UUID transaction, @Nullable Integer count) {
            return processor.prepare(transaction, count);
        }

        @Override
        public Reply commit(UUID transaction, @Nullable Integer count) {
            return processor.commit(transaction, count);
        }

        @Override
        public Reply rollback(UUID transaction) {
            return processor.rollback(transaction);
        }

        @Override
        public SortedMap<String, Boolean> open(int limit) throws SQLException {
            SortedMap<String, Boolean> open = new TreeMap<>();
            store.staged(limit).forEach(id -> open.put(id.toString(), false));
            // Read later: a transaction is not missing in both.
            for (PreparedTransaction transaction : store.prepared()) {
                open.put(transaction.id().toString(), true);
            }
            return open;
        }

        @Override
        public boolean hasEntries() {
            return entries != null;
        }

        @Override
        public Optional<String> entry(String key) throws SQLException {
            EntryHandler handler = entries;
            return handler == null ? Optional.empty() : store.read(connection -> handler.read(connection, key));
        }
    }
}
