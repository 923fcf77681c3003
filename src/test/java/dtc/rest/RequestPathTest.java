package dtc.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each spelling of a path either has one meaning or is refused. */
class RequestPathTest {

    /** Spelling, then the path in the form in which it is routed. */
    private static final String SERVED = """
            /transactions                           | /transactions
            /%74ransactions                         | /transactions
            /%74%52%41%6e%73actions                 | /tRAnsactions
            /transactions%2Fx                       | /transactions%2Fx
            /transactions%2fx                       | /transactions%2fx
            /transactions%3Bx                       | /transactions%3Bx
            /resource-managers/%6frders             | /resource-managers/orders
            /r%6d/orders/entries/%7Ea%2Db%5f%2Ec    | /rm/orders/entries/~a-b_.c
            /rm/orders/entries/a%2F%2e%2e%2Fb       | /rm/orders/entries/a%2F..%2Fb
            /rm/orders/entries/.a                   | /rm/orders/entries/.a
            /rm/orders/entries/...                  | /rm/orders/entries/...
            /rm/orders/entries/%252e                | /rm/orders/entries/%252e
            /rm/orders/entries/%E2%82%aC            | /rm/orders/entries/%E2%82%aC
            /rmx/                                   | /rmx/
            /console/                               | /console/
            /                                       | /
            *                                       | *
            """;

    private static final List<String> REFUSED = List.of(
            "/transactions;x",
            "/%74ransactions;x",
            "/;x/transactions",
            "//transactions",
            "/transactions//",
            "/transactions/",
            "/%74ransactions/",
            "/./transactions",
            "/%2e/transactions",
            "/console/../transactions",
            "/console/%2E./transactions",
            "/console/.%2e/transactions",
            "/console/..;/transactions",
            "/rm/orders/entries/p/%2e/q",
            "/rm/orders/entries/p/%2e%2E",
            "/rm/orders/entries/p/.",
            "/rm/orders/entries/p/",
            "/q//health",
            "/q/x/../health",
            "/q/health;x",
            "/console//transactions",
            "/rm/orders/entries/%",
            "/rm/orders/entries/%a",
            "/rm/orders/entries/%zz",
            "/rm/orders/entries/%+1",
            "/rm/orders/entries/%FF",
            "/rm/orders/entries/%C0%AF",
            "/rm/orders/entries/%ED%A0%80",
            "/rm/orders/entries/%E2%82",
            "/rm/orders/entries/%C3x%A9",
            "/rm/orders/entries/\u00e9",
            "/console/\u00ff");

    static Stream<List<String>> served() {
        return SERVED.lines()
                .map(line -> Stream.of(line.split("\\|")).map(String::strip).toList());
    }

    @ParameterizedTest
    @MethodSource("served")
    void a_spelling_has_one_meaning(List<String> row) {
        String path = RequestPath.decodeUnreserved(row.getFirst());
        assertEquals(row.getLast(), path);
        assertNull(RequestPath.findFault(path));
        boolean isApi = Stream.of("/transactions", "/resource-managers", "/rm")
                .anyMatch(root -> path.equals(root) || path.startsWith(root + "/"));
        assertEquals(isApi, RequestPath.isApi(path));
    }

    static List<String> refused() {
        return REFUSED;
    }

    @ParameterizedTest
    @MethodSource("refused")
    void a_spelling_with_several_meanings_is_refused(String spelling) {
        assertNotNull(RequestPath.findFault(RequestPath.decodeUnreserved(spelling)));
    }
}
