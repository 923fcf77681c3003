package dtc.log.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.log.LogIdentity;
import dtc.log.SampleLogRecords;
import dtc.log.file.LogMaintenance.VerifyResult;
import dtc.protocol.TransactionId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LogMaintenanceTest {

    private static final Instant NOW = Instant.parse("2026-11-29T08:00:00Z");

    private final FaultyStorage storage = new FaultyStorage();
    private final FileLogFixture process = new FileLogFixture(storage);
    private final List<String> lines = new ArrayList<>();

    private LogMaintenance maintenance(FaultyStorage of) {
        return new LogMaintenance(of, new Random(5), NOW, lines::add);
    }

    private static LogIdentity identity(FaultyStorage of) throws IOException {
        return new FileLogFixture(of.copy()).open().identity();
    }

    private static TransactionId id(int tag, int number) {
        return TransactionId.of(1, 0, tag, number, 0);
    }

    private void writeAndClose(int records) throws IOException {
        process.open();
        for (int i = 0; i < records; i++) {
            process.log().append(SampleLogRecords.open(i));
        }
        process.log().close();
    }

    // Identity

    @Test
    void a_new_log_has_a_tag_and_each_start_a_higher_epoch() throws IOException {
        writeAndClose(1);
        LogIdentity first = process.log().identity();
        LogIdentity second = new FileLogFixture(storage).open().identity();

        assertEquals(1, first.epoch());
        assertEquals(2, second.epoch());
        assertEquals(first.tag(), second.tag());
        assertEquals(0, first.idsWithoutTagUntilMillis());
        assertTrue(second.presumesAbort(id(first.tag(), 1)));
        assertFalse(second.presumesAbort(id(first.tag(), 3)), "not issued by this log");
        assertFalse(second.presumesAbort(id(first.tag() ^ 1, 1)), "issued by another log");
    }

    @Test
    void an_adopted_tag_is_presumed_aborted_from_then_on() throws IOException {
        writeAndClose(1);
        maintenance(storage).adopt(0x0bAd);

        assertEquals(List.of("abort is presumed for transactions with tag 0bad that have no record in memory"), lines);
        assertTrue(identity(storage).presumesAbort(id(0x0bad, 5_000)));
        assertEquals(process.log().identity().tag(), identity(storage).tag());
        lines.clear();
        assertEquals(VerifyResult.INTACT, maintenance(storage).verify(_ -> {}));
        assertTrue(lines.contains("2026-11-29T08:00:00Z adopted tag 0bad, presuming abort"), lines.toString());
    }

    @Test
    void a_restored_log_gets_a_new_tag_and_no_longer_presumes_abort_for_the_old_one() throws IOException {
        writeAndClose(3);
        int before = process.log().identity().tag();
        maintenance(storage).retag();
        LogIdentity after = identity(storage);

        assertFalse(after.tag() == before);
        assertFalse(after.presumesAbort(id(before, 1)));
        assertTrue(
                lines.getFirst().endsWith(String.format(Locale.ROOT, "log adopt memory %04x --presume-abort", before)));
        maintenance(storage).adopt(before);
        assertTrue(identity(storage).presumesAbort(id(before, 1)));
        assertEquals(3, FileLogFixture.replayed(storage).size());
    }

    @Test
    void a_directory_without_a_log_and_a_log_in_use_are_refused() throws IOException {
        for (IOException refusal : List.of(
                assertThrows(IOException.class, () -> maintenance(storage).adopt(1)),
                assertThrows(IOException.class, () -> maintenance(storage).retag()))) {
            assertEquals("memory contains no log. Check the name of the directory", refusal.getMessage());
        }
        assertEquals(List.of(), storage.names());
        assertEquals(VerifyResult.NO_LOG, maintenance(storage).verify(_ -> {}));

        process.open();
        assertThrows(IOException.class, () -> maintenance(storage).adopt(1));
        assertThrows(IOException.class, () -> maintenance(storage).repair());
    }

    // Verifying

    @Test
    void a_log_in_use_is_verified_and_not_changed() throws IOException {
        process.open();
        for (int i = 0; i < 20; i++) {
            process.log().append(SampleLogRecords.open(i));
        }
        Object before = storage.content();

        assertEquals(VerifyResult.INTACT, maintenance(storage.anotherProcess()).verify(_ -> {}));
        assertTrue(lines.getFirst().startsWith("the log in memory is not damaged: 20 records in "), lines.toString());
        assertEquals(before, storage.content());
        process.log().append(SampleLogRecords.open(20));
        assertEquals(null, process.fatal);
    }

    /** A segment is deleted, or the manifest replaced, between the steps of the verification. */
    @Test
    void a_log_that_changes_while_it_is_verified_is_not_damaged() throws IOException {
        for (int at = 0; at < 60; at++) {
            FaultyStorage disk = new FaultyStorage();
            FileLogFixture writer = new FileLogFixture(disk);
            writer.open();
            for (int i = 0; i < 20; i++) {
                writer.log().append(SampleLogRecords.open(i));
            }
            FaultyStorage reader = disk.anotherProcess();
            int[] step = {at};
            reader.atEachStep(() -> {
                if (step[0]-- == 0) {
                    for (int i = 0; i < 18; i++) {
                        writer.log().forget(SampleLogRecords.id(i));
                    }
                    writer.log().append(SampleLogRecords.open(30));
                }
            });
            lines.clear();
            assertEquals(VerifyResult.INTACT, maintenance(reader).verify(_ -> {}), () -> lines.toString());
        }
    }

    @Test
    void each_damage_is_reported_with_file_and_byte() throws IOException {
        writeAndClose(20);
        byte[] first = storage.bytes(FileName.segment(1, 1));
        first[Segment.HEADER_BYTES + 30] ^= 1;
        storage.put(FileName.segment(1, 1), first);
        storage.lose(FileName.segment(2, 1));

        assertEquals(VerifyResult.DAMAGED, maintenance(storage).verify(_ -> {}));
        assertEquals(2, lines.size(), lines.toString());
        assertTrue(lines.getFirst()
                .startsWith("segment-0000000002-00000001.log in memory, at byte 0: the file is missing"));
        assertTrue(
                lines.getLast().startsWith("segment-0000000001-00000001.log in memory, at byte 32: the checksum is"));
    }

    @Test
    void a_record_that_the_reader_rejects_is_damage() throws IOException {
        writeAndClose(2);

        assertEquals(VerifyResult.DAMAGED, maintenance(storage).verify(record -> {
            if (record.id().equals(SampleLogRecords.id(1))) {
                throw new IllegalArgumentException("unknown field 77");
            }
        }));
        assertTrue(lines.getFirst().contains("unknown field 77"), lines.toString());
    }

    // Repairing

    @Test
    void a_repaired_log_contains_the_other_records_and_has_a_new_tag() throws IOException {
        writeAndClose(20);
        String name = FileName.segment(1, 1);
        byte[] first = storage.bytes(name);
        first[Segment.HEADER_BYTES + 60] ^= 1;
        storage.put(name, first);
        assertThrows(UnreadableLogException.class, () -> FileLogFixture.replayed(storage));

        assertTrue(maintenance(storage).repair());
        assertTrue(
                lines.getFirst().startsWith("lost: a record of transaction " + SampleLogRecords.id(0)),
                lines.toString());
        assertEquals(19, FileLogFixture.replayed(storage).size());
        assertFalse(identity(storage).presumesAbort(id(process.log().identity().tag(), 1)));
        String backup = storage.names().stream()
                .filter(each -> each.startsWith("before-repair-") && each.endsWith(name))
                .findFirst()
                .orElseThrow();
        assertEquals(ByteBuffer.wrap(first), storage.content().get(backup), "kept");
        assertEquals(
                Set.of(),
                Set.copyOf(storage.names().stream()
                        .filter(each -> each.equals(name))
                        .toList()));
    }

    @Test
    void a_log_that_is_not_damaged_is_not_repaired() throws IOException {
        writeAndClose(3);
        int tag = process.log().identity().tag();

        assertFalse(maintenance(storage).repair());
        assertEquals(List.of("the log in memory is not damaged"), lines);
        assertEquals(tag, identity(storage).tag());
        assertEquals(3, FileLogFixture.replayed(storage).size());
    }
}
