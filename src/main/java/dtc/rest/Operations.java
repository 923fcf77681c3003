package dtc.rest;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * The methods that each path of the API supports. The framework knows only those of each class of resources. A test
 * compares this table with the description of the API.
 */
final class Operations {

    private static final Map<Pattern, Set<String>> METHODS = new LinkedHashMap<>();

    static {
        add("/transactions", "GET", "POST");
        add("/transactions/{}", "GET");
        add("/transactions/{}/outcome", "GET");
        add("/transactions/{}/writes", "POST");
        add("/transactions/{}/prepare", "POST");
        add("/transactions/{}/commit", "POST");
        add("/transactions/{}/rollback", "POST");
        add("/transactions/{}/participants/{}/give-up", "POST", "DELETE");
        add("/resource-managers", "GET");
        add("/resource-managers/{}", "GET", "PUT", "DELETE");
        add("/resource-managers/{}/give-up", "POST", "DELETE");
        add("/rm/{}/batch", "POST");
        add("/rm/{}/entries", "GET");
        add("/rm/{}/entries/{}", "GET");
        add("/rm/{}/transactions", "GET");
        add("/rm/{}/transactions/{}/writes", "POST");
        add("/rm/{}/transactions/{}/prepare", "POST");
        add("/rm/{}/transactions/{}/commit", "POST");
        add("/rm/{}/transactions/{}/rollback", "POST");
    }

    private Operations() {}

    /** Each {} stands for one segment; that of entries for any number of segments, which belong to the key. */
    private static void add(String template, String... methods) {
        String segment = template.endsWith("entries/{}") ? ".+" : "[^/]+";
        Set<String> supported = new TreeSet<>(Set.of(methods));
        if (supported.contains("GET")) {
            supported.add("HEAD");
        }
        METHODS.put(Pattern.compile(template.replace("{}", segment)), Set.copyOf(supported));
    }

    /** Returns the methods that a path supports; empty if nothing is at this path. */
    static Set<String> methods(String path) {
        return METHODS.entrySet().stream()
                .filter(entry -> entry.getKey().matcher(path).matches())
                .findFirst()
                .map(Map.Entry::getValue)
                .orElse(Set.of());
    }
}
