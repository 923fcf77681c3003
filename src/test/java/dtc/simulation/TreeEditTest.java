package dtc.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dtc.testing.NoApplication;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@NoApplication
class TreeEditTest {

    private static final String ACCOUNT = "dtc.fixture.Account";

    private static final String SOURCE = """
            package dtc.fixture;

            public final class Account {
                private int balance = 10;
                private int refused;

                public static int withdrawn(int amount) {
                    Account account = new Account();
                    account.withdraw(amount);
                    return 10 - account.balance;
                }

                private void withdraw(int amount) {
                    // Not more than there is.
                    if ((amount) > balance /* the limit */) {
                        refused
                                ++;
                        return;
                    }
                    balance -= amount;
                    log("withdrawn", amount);
                    log("balance", balance);
                }

                private void withdraw(int amount, String reason) {
                    withdraw(amount);
                }

                private void log(String text, int number) {}

                private record Limit(int max) {
                    boolean allows(int amount) {
                        return amount <= max;
                    }
                }
            }
            """;

    @TempDir
    private Path sources;

    @BeforeEach
    void writeSources() throws IOException {
        write("Account", SOURCE);
        write("Bank", """
                package dtc.fixture;

                class Bank {
                    void close(int fee) {
                        fee = -fee;
                    }
                }
                """);
    }

    private void write(String name, String source) throws IOException {
        Path file = sources.resolve("dtc/fixture/%s.java".formatted(name));
        Files.createDirectories(file.getParent());
        Files.writeString(file, source);
    }

    @Test
    void a_statement_is_removed() throws Exception {
        assertEquals(
                SOURCE.replace("balance -= amount;", "{}"),
                TreeEdit.remove(ACCOUNT, "withdraw", "balance -= amount;").applyTo(sources));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"amount > balance", "amount>balance", "( amount ) >\n(balance)", "amount /* all */ > balance"})
    void formatting_comments_and_parentheses_do_not_matter(String code) throws Exception {
        assertEquals(
                SOURCE.replace("(amount) > balance", "false"),
                new TreeEdit(ACCOUNT, "withdraw", code, "false").applyTo(sources));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "amount < balance",
                "balance > amount",
                "amount > this.balance",
                "amount > 10",
                "log(\"Withdrawn\", amount);",
                "log(\"withdrawn\", amount, amount);",
                "if (amount > balance) { refused++; return; } else { return; }",
                "refused--;",
                "return amount;"
            })
    void other_code_does_not_match(String code) {
        assertFails(new TreeEdit(ACCOUNT, "withdraw(int)", code, ""), "the method does not contain this code");
    }

    @Test
    void a_placeholder_stands_for_any_expression_also_in_the_replacement() throws Exception {
        assertEquals(
                SOURCE.replace("(amount) > balance", "balance < amount"),
                new TreeEdit(ACCOUNT, "withdraw", "$left > $right", "$right < $left").applyTo(sources));
    }

    @Test
    void a_repeated_placeholder_stands_for_the_same_expression() {
        assertFails(new TreeEdit(ACCOUNT, "withdraw", "$same > $same", "false"), "does not contain");
    }

    @Test
    void a_method_of_a_nested_class_is_found_with_and_without_the_name_of_that_class() throws Exception {
        String expected = SOURCE.replace("amount <= max", "true");
        assertEquals(expected, new TreeEdit(ACCOUNT, "allows", "amount <= max", "true").applyTo(sources));
        assertEquals(expected, new TreeEdit(ACCOUNT + "$Limit", "allows", "amount <= max", "true").applyTo(sources));
    }

    @Test
    void the_types_of_the_parameters_select_an_overload() throws Exception {
        assertEquals(
                SOURCE.replace("{\n        withdraw(amount);", "{\n        {}"),
                TreeEdit.remove(ACCOUNT, "withdraw(int, String)", "withdraw(amount);")
                        .applyTo(sources));
        assertFails(TreeEdit.remove(ACCOUNT, "withdraw(int)", "withdraw(amount);"), "does not contain");
    }

    @Test
    void code_that_occurs_twice_is_refused() {
        assertFails(TreeEdit.remove(ACCOUNT, "withdraw", "log($text, $number);"), "occurs 2 times");
    }

    @Test
    void a_missing_class_method_or_code_is_named_with_the_place_where_the_code_is() {
        assertFails(
                TreeEdit.remove("dtc.fixture.Konto", "withdraw", "balance -= amount;"),
                "`balance -= amount;` in method withdraw of class dtc.fixture.Konto is not found: there is no file",
                "This code is in Account.withdraw(int).");
        assertFails(
                TreeEdit.remove(ACCOUNT + "$Owner", "withdraw", "balance -= amount;"),
                "Account.java does not declare this class",
                "This code is in Account.withdraw(int).");
        assertFails(
                TreeEdit.remove(ACCOUNT, "debit", "balance -= amount;"),
                "the class has no such method, only withdrawn(int), withdraw(int), withdraw(int, String),",
                "This code is in Account.withdraw(int).");
        assertFails(
                TreeEdit.remove(ACCOUNT, "withdraw", "fee = -fee;"),
                "the method does not contain this code",
                "This code is in Bank.close(int).");
        assertFails(
                TreeEdit.remove(ACCOUNT, "withdraw", "amount = 0;"),
                "No other method contains this code: look for what the code is now.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "if (", "a; b;", "a b", "1; int b = 2", "} void other() {"})
    void what_is_not_one_statement_or_expression_is_refused(String code) {
        var e = assertThrows(
                IllegalArgumentException.class, () -> new TreeEdit(ACCOUNT, "withdraw", code, "").applyTo(sources));
        assertTrue(String.valueOf(e.getMessage()).contains("is not one Java statement or expression"), e::getMessage);
    }

    @Test
    void the_changed_source_is_compiled_and_run() throws Exception {
        TreeEdit edit = new TreeEdit(ACCOUNT, "withdraw", "amount > balance", "false");
        assertEquals(0, withdrawn(SOURCE, 11));
        assertEquals(11, withdrawn(edit.applyTo(sources), 11));
    }

    private static Object withdrawn(String source, int amount) throws Exception {
        return PatchedClasses.of(ACCOUNT, source)
                .loadClass(ACCOUNT)
                .getMethod("withdrawn", int.class)
                .invoke(null, amount);
    }

    @Test
    void a_change_that_does_not_compile_is_refused() throws Exception {
        String changed = new TreeEdit(ACCOUNT, "withdraw", "amount > balance", "amount > limit").applyTo(sources);
        var e = assertThrows(IllegalStateException.class, () -> PatchedClasses.of(ACCOUNT, changed));
        assertTrue(String.valueOf(e.getMessage()).contains("cannot find symbol"), e::getMessage);
    }

    @Test
    void a_bug_that_cannot_be_planted_is_named() {
        var e = assertThrows(
                IllegalStateException.class,
                () -> PlantedBug.plant("skips everything")
                        .in("dtc.log.Nothing", "force")
                        .remove("force();")
                        .foundWithin(1)
                        .find());
        assertTrue(
                String.valueOf(e.getMessage())
                        .startsWith(
                                "The bug \"skips everything\" cannot be planted: `force();` in method force of class"
                                        + " dtc.log.Nothing is not found"),
                e::getMessage);
    }

    private void assertFails(TreeEdit edit, String... expected) {
        String message = String.valueOf(assertThrows(IllegalStateException.class, () -> edit.applyTo(sources))
                .getMessage());
        for (String part : expected) {
            assertTrue(message.contains(part), () -> "\"%s\" is not in \"%s\"".formatted(part, message));
        }
    }
}
