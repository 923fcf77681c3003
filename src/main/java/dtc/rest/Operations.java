package dtc.rest;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The methods that each path of the API supports. Quarkus REST provides only those of each resource class. A test
 * compares this table with the OpenAPI document.
 */
final class Operations {

    private record Operation(String template, Pattern path, Set<String> methods) {}

    private static final List<Operation> ALL = new ArrayList<>();

    static {
        add("/transactions", "GET", "POST");
        add("/transactions/{id}", "GET");
        add("/transactions/{id}/outcome", "GET");
        add("/transactions/{id}/writes", "POST");
        add("/transactions/{id}/prepare", "POST");
        add("/transactions/{id}/commit", "POST");
        add("/transactions/{id}/rollback", "POST");
        add("/transactions/{id}/rollback-only", "POST");
        add("/transactions/{id}/participants/{rm}", "PUT");
        add("/transactions/{id}/participants/{rm}/give-up", "POST", "DELETE");
        add("/resource-managers", "GET");
        add("/resource-managers/{id}", "GET", "PUT", "DELETE");
        add("/resource-managers/{id}/give-up", "POST", "DELETE");
        add("/rm/{rm}/batch", "POST");
        add("/rm/{rm}/entries", "GET");
        add("/rm/{rm}/entries/{key}", "GET");
        add("/rm/{rm}/transactions", "GET");
        add("/rm/{rm}/transactions/{id}/writes", "POST");
        add("/rm/{rm}/transactions/{id}/prepare", "POST");
        add("/rm/{rm}/transactions/{id}/commit", "POST");
        add("/rm/{rm}/transactions/{id}/rollback", "POST");
    }

    private Operations() {}

    /** Each parameter is one segment; the key of an entry is any number of segments. */
    private static void add(String template, String... methods) {
        String pattern = template.replace("{key}", ".+").replaceAll("\\{\\w+}", "[^/]+");
        ALL.add(new Operation(template, Pattern.compile(pattern), Set.of(methods)));
    }

    /** Returns the value of the header {@code Allow} for a path; empty if the path does not exist. */
    static String allowHeader(String path) {
        Operation operation = find(path);
        if (operation == null) {
            return "";
        }
        SortedSet<String> methods = new TreeSet<>(operation.methods());
        if (methods.contains("GET")) {
            methods.add("HEAD");
        }
        return String.join(", ", methods) + ", OPTIONS";
    }

    /** Returns the template of a path; null if nothing is at this path. */
    static @Nullable String template(String path) {
        Operation operation = find(path);
        return operation == null ? null : operation.template();
    }

    private static @Nullable Operation find(String path) {
        for (Operation operation : ALL) {
            if (operation.path().matcher(path).matches()) {
                return operation;
            }
        }
        return null;
    }

    /** Returns all operations, each as its method and the template of its path. */
    static List<String> all() {
        return ALL.stream()
                .flatMap(operation -> operation.methods().stream().map(method -> method + " " + operation.template()))
                .toList();
    }
}
