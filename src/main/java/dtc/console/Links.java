package dtc.console;

import dtc.protocol.State;
import dtc.protocol.TransactionId;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;

/** The addresses of the pages, relative to the root of the console: see {@link Pages.Request#root()}. */
final class Links {

    /** A parameter of a query. */
    record Part(String name, String value) {}

    private Links() {}

    static String transaction(TransactionId id) {
        return page("transactions", id.toString());
    }

    static String transactions(State state) {
        return "console/transactions?state=" + state;
    }

    static String transactions(TransactionList.Choice choice, String resourceManager) {
        return transactions(List.of(new Part("state", choice.name()), new Part("rm", resourceManager)));
    }

    static String transactions(List<Part> query) {
        String parts = query.stream()
                .filter(part -> !part.value().isEmpty())
                .map(part -> part.name() + "=" + encoded(part.value()))
                .collect(Collectors.joining("&"));
        return parts.isEmpty() ? "console/transactions" : "console/transactions?" + parts;
    }

    static String transactionsOf(String resourceManager) {
        return transactions(List.of(new Part("rm", resourceManager)));
    }

    static String resourceManager(String id) {
        return page("resource-managers", id);
    }

    /** @param kind {@code transactions} or {@code resource-managers} */
    static String page(String kind, String id) {
        return "console/" + kind + "/" + encoded(id);
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
