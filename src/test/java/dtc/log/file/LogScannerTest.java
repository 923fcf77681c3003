package dtc.log.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.log.SampleLogRecords;
import dtc.log.file.LogScanner.Damaged;
import dtc.log.file.LogScanner.Forgotten;
import dtc.log.file.LogScanner.Item;
import dtc.log.file.LogScanner.Preallocated;
import dtc.log.file.LogScanner.Stored;
import dtc.log.file.LogScanner.TornTail;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LogScannerTest {

    private static final String FIRST = FileName.segment(1, 1);

    private final FaultyStorage storage = new FaultyStorage();
    private final FileLogFixture process = new FileLogFixture(storage);

    @BeforeEach
    void open() throws IOException {
        process.open();
    }

    private List<Item> scanned() throws IOException {
        List<Item> items = new ArrayList<>();
        LogScanner.scan(storage, items::add);
        return items;
    }

    private static List<Class<?>> kinds(List<Item> items) {
        return items.stream().<Class<?>>map(item -> item.content().getClass()).toList();
    }

    private static long end(Item item) {
        return item.offset() + item.length();
    }

    @Test
    void each_record_is_an_item_and_nothing_is_changed() throws IOException {
        process.log().append(SampleLogRecords.open(1));
        process.log().appendLazily(SampleLogRecords.ended(2));
        process.log().forget(SampleLogRecords.id(1));
        Object before = storage.content();
        int changes = storage.changes;

        List<Item> items = scanned(); // while the log is open, and locked
        assertEquals(
                List.of(
                        new Stored(0, SampleLogRecords.open(1)),
                        new Stored(1, SampleLogRecords.ended(2)),
                        new Forgotten(2, SampleLogRecords.id(1))),
                items.stream().map(Item::content).toList());
        assertEquals(FIRST, items.getFirst().segment());
        assertEquals(Segment.HEADER_BYTES, items.getFirst().offset());
        assertEquals(end(items.getFirst()), items.get(1).offset());
        assertEquals(storage.size(FIRST), end(items.getLast()));
        assertEquals(before, storage.content());
        assertEquals(changes, storage.changes);
    }

    @Test
    void a_torn_tail_is_not_damage() throws IOException {
        process.log().append(SampleLogRecords.open(1));
        process.log().appendLazily(SampleLogRecords.open(2));
        byte[] whole = storage.bytes(FIRST);
        storage.put(FIRST, Arrays.copyOf(whole, whole.length - 3));

        List<Item> items = scanned();
        assertEquals(List.of(Stored.class, TornTail.class), kinds(items));
        assertEquals(storage.size(FIRST), end(items.getLast()));
        assertTrue(
                items.getLast().content().toString().contains("a record of 103 bytes, of which only 100"),
                items.toString());
    }

    @Test
    void acknowledged_records_that_are_missing_are_damage() throws IOException {
        process.log().append(SampleLogRecords.open(1));
        process.log().append(SampleLogRecords.open(2));
        byte[] whole = storage.bytes(FIRST);
        int second = Segment.HEADER_BYTES + (whole.length - Segment.HEADER_BYTES) / 2;
        storage.put(FIRST, Arrays.copyOf(whole, second));

        assertEquals(List.of(Stored.class, Damaged.class), kinds(scanned()));
        storage.put(FIRST, Arrays.copyOf(whole, whole.length - 1));
        assertEquals(List.of(Stored.class, Damaged.class), kinds(scanned()));
    }

    @Test
    void records_after_damage_are_items() throws IOException {
        for (int i = 0; i < 3; i++) {
            process.log().append(SampleLogRecords.open(i));
        }
        byte[] bytes = storage.bytes(FIRST);
        bytes[Segment.HEADER_BYTES + 30] ^= 1;
        storage.put(FIRST, bytes);

        List<Item> items = scanned();
        assertEquals(List.of(Damaged.class, Stored.class, Stored.class), kinds(items));
        assertEquals(end(items.getFirst()), items.get(1).offset());
        assertTrue(items.getFirst().content().toString().contains("the checksum is "), items.toString());
    }

    @Test
    void zeros_at_the_end_are_preallocated_and_a_hole_before_unforced_records_is_a_torn_tail() throws IOException {
        process.log().append(SampleLogRecords.open(1));
        process.log().appendLazily(SampleLogRecords.open(2));
        process.log().appendLazily(SampleLogRecords.open(3));
        byte[] whole = storage.bytes(FIRST);
        storage.put(FIRST, Arrays.copyOf(whole, whole.length + 100));

        List<Item> items = scanned();
        assertEquals(List.of(Stored.class, Stored.class, Stored.class, Preallocated.class), kinds(items));
        assertEquals(100, items.getLast().length());
        int second = Segment.HEADER_BYTES + (whole.length - Segment.HEADER_BYTES) / 3;
        Arrays.fill(whole, second, second + 50, (byte) 0);
        storage.put(FIRST, whole);

        assertEquals(List.of(Stored.class, TornTail.class), kinds(scanned()));
    }

    @Test
    void a_missing_segment_and_a_damaged_head_are_damage() throws IOException {
        for (int i = 0; FileLogFixture.segments(storage).size() < 4; i++) {
            process.log().append(SampleLogRecords.open(i));
        }
        storage.lose(FileName.segment(2, 1));
        byte[] first = storage.bytes(FIRST);
        Arrays.fill(first, 0, Segment.HEADER_BYTES, (byte) 0);
        storage.put(FIRST, first);

        List<Item> items = scanned();
        assertEquals(List.of(Damaged.class, Damaged.class, Stored.class), kinds(items.subList(0, 3)));
        assertEquals(
                new Damaged("the file is missing; manifest-00000001 lists it"),
                items.getFirst().content());
        assertEquals(
                new Damaged("this is not a segment of a decision log"),
                items.get(1).content());
    }

    @Test
    void bytes_after_the_listed_length_are_not_read() throws IOException {
        for (int i = 0; FileLogFixture.segments(storage).size() < 2; i++) {
            process.log().append(SampleLogRecords.open(i));
        }
        List<Item> before = scanned();
        byte[] whole = storage.bytes(FIRST);
        storage.put(FIRST, Arrays.copyOf(whole, whole.length + 10));

        assertEquals(before, scanned());
    }

    @Test
    void an_empty_directory_has_no_items() throws IOException {
        List<Item> items = new ArrayList<>();
        LogScanner.scan(new FaultyStorage(), items::add);

        assertEquals(List.of(), items);
    }
}
