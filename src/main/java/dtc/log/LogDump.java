package dtc.log;

import dtc.log.SegmentReader.Bad;
import dtc.log.SegmentReader.Good;
import dtc.log.SegmentReader.Room;
import dtc.log.TransactionRecord.Member;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Shows what is in the files of a log, a line of JSON for each record, and for whatever is there in place of one. Only
 * reads, and may do so while a coordinator writes: then the last record may be half there, and a segment may go.
 */
public final class LogDump {

    private final Storage storage;
    private final Consumer<String> lines;
    private boolean bad;

    private LogDump(Storage storage, Consumer<String> lines) {
        this.storage = storage;
        this.lines = lines;
    }

    /**
     * Gives the lines, in the order of the files.
     *
     * @return whether all is well: nothing is bad but perhaps the tail of the newest segment
     */
    public static boolean dump(Storage storage, Consumer<String> lines) throws IOException {
        LogDump dump = new LogDump(storage, lines);
        List<Segment> segments = LogFiles.segments(storage);
        Segment last = null;
        for (Segment segment : segments) {
            if (last != null && segment.number() != last.number() + 1) {
                dump.bad(
                        segment, new Bad(0, "the segment before it is missing; the one before that is " + last.name()));
            }
            dump.segment(segment, segment == segments.getLast());
            last = segment;
        }
        return !dump.bad;
    }

    private void segment(Segment segment, boolean isNewest) throws IOException {
        try {
            SegmentReader reader = new SegmentReader(storage, segment);
            String wrongHead = Segment.wrongHead(reader.head(), segment.number());
            if (wrongHead == null) {
                records(segment, reader, isNewest);
            } else {
                bad(segment, new Bad(0, wrongHead));
            }
        } catch (IOException failure) {
            if (!storage.names().contains(segment.name())) {
                line(segment, 0, segment.size(), "gone", why("deleted while this was reading"));
            } else if (storage.size(segment.name()) < segment.size()) {
                line(
                        segment,
                        storage.size(segment.name()),
                        0,
                        "gone",
                        why("the room was cut off while this was reading"));
            } else {
                throw failure;
            }
        }
    }

    private void records(Segment segment, SegmentReader first, boolean isNewest) throws IOException {
        SegmentReader reader = first;
        long offset = Segment.HEAD_BYTES;
        while (offset < segment.size()) {
            SegmentReader.Found found = reader.at(offset);
            if (found instanceof Bad && isNewest) {
                reader = new SegmentReader(storage, segment); // it may have been half written when that looked
                found = reader.at(offset);
            }
            switch (found) {
                case Good good -> {
                    record(segment, good);
                    offset += good.length();
                }
                case Room _ -> {
                    if (isNewest) {
                        line(segment, offset, segment.size() - offset, "room", "");
                    } else {
                        bad(segment, new Bad(offset, "nothing but zeros"), segment.size() - offset);
                    }
                    offset = segment.size();
                }
                case Bad bad -> {
                    if (isNewest && reader.findProof(offset) < 0) {
                        line(segment, offset, segment.size() - offset, "tail", why(bad.why()));
                        return;
                    }
                    long next = reader.findFrom(offset + 1);
                    bad(segment, bad, (next < 0 ? segment.size() : next) - offset);
                    offset = next < 0 ? segment.size() : next;
                }
            }
        }
    }

    private void record(Segment segment, Good good) {
        if (RecordCodec.isKnown(good.payload()) && RecordCodec.isForgotten(good.payload())) {
            line(
                    segment,
                    good.offset(),
                    good.length(),
                    "forgotten",
                    ",\"sequence\":%d,\"id\":\"%s\"".formatted(good.sequence(), RecordCodec.id(good.payload())));
            return;
        }
        TransactionRecord record;
        try {
            record = RecordCodec.decode(good.payload());
        } catch (IllegalArgumentException unknown) {
            bad(segment, new Bad(good.offset(), String.valueOf(unknown.getMessage())), good.length());
            return;
        }
        line(
                segment,
                good.offset(),
                good.length(),
                "transaction",
                ",\"sequence\":%d%s".formatted(good.sequence(), properties(record)));
    }

    private void bad(Segment segment, Bad found) {
        bad(segment, found, Segment.HEAD_BYTES);
    }

    private void bad(Segment segment, Bad found, long length) {
        bad = true;
        line(segment, found.offset(), length, "bad", why(found.why()));
    }

    private void line(Segment segment, long offset, long length, String kind, String rest) {
        lines.accept("{\"segment\":\"%s\",\"offset\":%d,\"length\":%d,\"kind\":\"%s\"%s}"
                .formatted(segment.name(), offset, length, kind, rest));
    }

    private static String why(String text) {
        return property("why", text);
    }

    private static String properties(TransactionRecord t) {
        return property("id", t.id())
                + property("state", t.state())
                + property("decision", t.decision())
                + property("startedAt", t.startedAt())
                + property("expiresAt", t.expiresAt())
                + property("decidedAt", t.decidedAt())
                + property("finishedAt", t.finishedAt())
                + property("cause", t.cause())
                + property("reason", t.reason())
                + property("principal", t.origin().principal())
                + property(
                        "idempotencyKey",
                        t.origin().request() == null
                                ? null
                                : t.origin().request().key())
                + (t.resolution() == null
                        ? ""
                        : property("resolvedBy", t.resolution().by())
                                + property("resolvedAt", t.resolution().at())
                                + property("resolvedBecause", t.resolution().reason()))
                + ",\"participants\":"
                + t.participants().stream().map(LogDump::object).collect(Collectors.joining(",", "[", "]"));
    }

    private static String object(Member member) {
        String properties = property("resourceManager", member.resourceManager())
                + property("instance", member.instance())
                + property("state", member.state())
                + property("vote", member.vote())
                + property("reason", member.reason());
        return "{" + properties.substring(1) + "}";
    }

    /** With a comma before it; nothing for what is absent. */
    private static String property(String name, @Nullable Object value) {
        return value == null ? "" : ",\"%s\":\"%s\"".formatted(name, escaped(value.toString()));
    }

    private static String escaped(String text) {
        StringBuilder escaped = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                escaped.append('\\').append(c);
            } else if (c < 0x20 || c == 0x7f || Character.isSurrogate(c)) {
                escaped.append("\\u%04x".formatted((int) c));
            } else {
                escaped.append(c);
            }
        }
        return escaped.toString();
    }
}
