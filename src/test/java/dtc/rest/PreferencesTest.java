package dtc.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dtc.runtime.coordinator.WaitCondition;
import dtc.runtime.coordinator.WaitCondition.Until;
import dtc.testing.NoApplication;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@NoApplication
class PreferencesTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "respond-async | respond-async",
                "Respond-Async; x=1 | respond-async",
                "wait=3 | wait=3",
                "WAIT = \"3\" ;x | wait=3",
                "wait=0, wait=3 | wait=0",
                "return=minimal, wait=3, respond-async | respond-async, wait=3",
            })
    void applied_preferences_are_named(String header, String applied) {
        assertEquals(applied, Preferences.parse(List.of(header)).applied());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ",",
                "wait",
                "wait=",
                "wait=-1",
                "wait=1.5",
                "wait=12345678",
                "await=3",
                "respond-asynchronously"
            })
    void others_and_malformed_ones_are_ignored(String header) {
        Preferences preferences = Preferences.parse(List.of(header));
        assertEquals("", preferences.applied());
        assertEquals(WaitCondition.ENDED, preferences.waitCondition());
    }

    @Test
    void a_limit_of_the_wait_replaces_the_wait_for_the_decision() {
        assertEquals(
                WaitCondition.DECIDED,
                Preferences.parse(List.of("respond-async")).waitCondition());
        assertEquals(
                new WaitCondition(Until.ENDED, Duration.ofSeconds(2)),
                Preferences.parse(List.of("respond-async", "wait=2")).waitCondition());
    }
}
