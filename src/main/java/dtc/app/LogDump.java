package dtc.app;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dtc.coordinator.RecordCodec;
import dtc.coordinator.RegistrationCodec;
import dtc.coordinator.RegistrationRecord;
import dtc.coordinator.TransactionRecord;
import dtc.coordinator.TransactionRecord.ParticipantRecord;
import dtc.log.LogRecord;
import dtc.log.file.LogScanner;
import dtc.log.file.LogScanner.Changed;
import dtc.log.file.LogScanner.Damaged;
import dtc.log.file.LogScanner.Forgotten;
import dtc.log.file.LogScanner.Item;
import dtc.log.file.LogScanner.Preallocated;
import dtc.log.file.LogScanner.Stored;
import dtc.log.file.LogScanner.TornTail;
import dtc.log.file.Storage;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Prints a file log as JSON, one line for each record and each invalid range. */
final class LogDump {

    private final Consumer<String> lines;
    private boolean damaged;

    private LogDump(Consumer<String> lines) {
        this.lines = lines;
    }

    /** Passes the lines to {@code lines}, in file order. Returns whether the log is undamaged. */
    static boolean dump(Storage storage, Consumer<String> lines) throws IOException {
        LogDump dump = new LogDump(lines);
        LogScanner.scan(storage, dump::print);
        return !dump.damaged;
    }

    private void print(Item item) {
        ObjectNode line = JsonNodeFactory.instance.objectNode();
        line.put("segment", item.segment()).put("offset", item.offset()).put("length", item.length());
        switch (item.content()) {
            case Stored stored -> print(stored, line);
            case Forgotten(long sequence, var id) ->
                line.put("kind", "forgotten").put("sequence", sequence).put("id", id.toString());
            case Preallocated _ -> line.put("kind", "room");
            case TornTail(String why) -> line.put("kind", "tail").put("why", why);
            case Changed(String why) -> line.put("kind", "gone").put("why", why);
            case Damaged(String why) -> printDamage(why, line);
        }
        lines.accept(line.toString());
    }

    private void print(Stored stored, ObjectNode line) {
        try {
            switch (stored.record().kind()) {
                case OPEN, ENDED -> {
                    TransactionRecord t = RecordCodec.decode(
                            stored.record().id(), stored.record().bytes());
                    line.put("kind", "transaction").put("sequence", stored.sequence());
                    print(t, line);
                }
                case REGISTRATION -> {
                    RegistrationRecord r =
                            RegistrationCodec.decode(stored.record().bytes());
                    line.put("kind", "registration").put("sequence", stored.sequence());
                    print(r, line);
                }
            }
        } catch (IllegalArgumentException unknown) {
            printDamage(String.valueOf(unknown.getMessage()), line);
        }
    }

    /** @throws IllegalArgumentException if the content cannot be decoded */
    static void check(LogRecord record) {
        switch (record.kind()) {
            case OPEN, ENDED -> RecordCodec.decode(record.id(), record.bytes());
            case REGISTRATION -> RegistrationCodec.decode(record.bytes());
        }
    }

    private void printDamage(String reason, ObjectNode line) {
        damaged = true;
        line.put("kind", "bad").put("why", reason);
    }

    private static void print(TransactionRecord t, ObjectNode line) {
        put(line, "id", t.id());
        put(line, "state", t.state());
        put(line, "decision", t.decision());
        put(line, "startedAt", t.startedAt());
        put(line, "expiresAt", t.expiresAt());
        put(line, "decidedAt", t.decidedAt());
        put(line, "finishedAt", t.finishedAt());
        put(line, "cause", t.cause());
        put(line, "reason", t.reason());
        put(line, "principal", t.origin().principal());
        if (t.origin().request() != null) {
            put(line, "idempotencyKey", t.origin().request().key());
        }
        if (t.resolution() != null) {
            put(line, "resolvedBy", t.resolution().by());
            put(line, "resolvedAt", t.resolution().at());
            put(line, "resolvedBecause", t.resolution().reason());
        }
        ArrayNode participants = line.putArray("participants");
        for (ParticipantRecord participant : t.participants()) {
            ObjectNode document = participants.addObject();
            put(document, "resourceManager", participant.resourceManager());
            put(document, "instance", participant.instance());
            put(document, "state", participant.state());
            put(document, "vote", participant.vote());
            put(document, "reason", participant.reason());
        }
    }

    private static void print(RegistrationRecord r, ObjectNode line) {
        put(line, "id", r.id());
        put(line, "url", r.url());
        put(line, "instance", r.instance());
        ArrayNode features = line.putArray("features");
        r.features().stream().sorted().forEach(features::add);
        line.put("displaced", r.displaced());
        put(line, "registeredAt", r.registeredAt());
    }

    private static void put(ObjectNode object, String name, @Nullable Object value) {
        if (value != null) {
            object.put(name, value.toString());
        }
    }
}
