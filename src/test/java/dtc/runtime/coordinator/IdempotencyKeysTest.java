package dtc.runtime.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import dtc.protocol.Origin;
import dtc.protocol.TransactionId;
import dtc.runtime.Answer;
import dtc.runtime.coordinator.IdempotencyKeys.Binding;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class IdempotencyKeysTest {

    private static final Origin.Request REQUEST = new Origin.Request("key", "fingerprint");
    private static final TransactionId ID = new TransactionId(new UUID(0, 1));
    private static final TransactionId OTHER = new TransactionId(new UUID(0, 2));

    private final IdempotencyKeys keys = new IdempotencyKeys();

    @Test
    void the_first_request_binds_the_key_for_its_principal() {
        Binding first = binding();
        assertNull(keys.bindIfAbsent("alice", REQUEST, first));
        assertSame(first, keys.bindIfAbsent("alice", REQUEST, binding()));
        assertNull(keys.bindIfAbsent("bob", REQUEST, binding()));
        assertNull(keys.bindIfAbsent(null, REQUEST, binding()));
    }

    @Test
    void a_request_that_began_nothing_releases_only_its_own_binding() {
        Binding first = binding();
        keys.bindIfAbsent("alice", REQUEST, first);
        keys.release("alice", REQUEST, binding());
        assertSame(first, keys.bindIfAbsent("alice", REQUEST, binding()));
        keys.release("alice", REQUEST, first);
        assertNull(keys.bindIfAbsent("alice", REQUEST, binding()));
    }

    @Test
    void a_recovered_transaction_binds_its_key_until_it_is_forgotten() {
        Origin origin = new Origin("alice", REQUEST);
        keys.bind(origin, ID);
        Binding found = keys.bindIfAbsent("alice", REQUEST, binding());
        assertNotNull(found);
        assertEquals(Answer.of(ID), found.begun().join());
        keys.release(origin, OTHER);
        assertNotNull(keys.bindIfAbsent("alice", REQUEST, binding()), "another transaction does not release it");
        keys.release(origin, ID);
        assertNull(keys.bindIfAbsent("alice", REQUEST, binding()));
    }

    private static Binding binding() {
        return new Binding(REQUEST.fingerprint(), new CompletableFuture<>());
    }
}
