package dtc.security;

import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Who may call what. The first line that fits decides; what fits none is the operator's. */
final class Access {

    private record Rule(
            Set<String> methods, Pattern path, @Nullable Set<Role> roles) {}

    private static final Set<String> READ = Set.of("GET", "HEAD");
    private static final Set<String> POST = Set.of("POST");
    /** No semicolon: what is behind it is no part of the path to some, and is to others. */
    private static final String ONE = "[^/;]+";

    private static final List<Rule> RULES = List.of(
            rule(POST, "/transactions", Role.CLIENT),
            rule(POST, "/transactions/" + ONE + "/(writes|prepare|commit|rollback)", Role.CLIENT),
            rule(READ, "/transactions/" + ONE + "/outcome", Role.RESOURCE_MANAGER, Role.OPERATOR),
            rule(READ, "/transactions(/" + ONE + ")?", Role.CLIENT, Role.OPERATOR),
            rule(READ, "/resource-managers(/" + ONE + ")?", Role.CLIENT, Role.RESOURCE_MANAGER, Role.OPERATOR),
            rule(Set.of("PUT", "DELETE"), "/resource-managers/" + ONE, Role.RESOURCE_MANAGER),
            rule(POST, "/rm/" + ONE + "/transactions/" + ONE + "/(writes|prepare|commit|rollback)", Role.COORDINATOR),
            rule(READ, "/rm/" + ONE + "/transactions", Role.COORDINATOR, Role.OPERATOR),
            rule(READ, "/rm/" + ONE + "/entries(/.+)?", Role.CLIENT, Role.OPERATOR),
            new Rule(READ, Pattern.compile("/q/health(/" + ONE + ")?"), null));

    private static final Set<Role> OTHERWISE = Set.of(Role.OPERATOR);

    private Access() {}

    private static Rule rule(Set<String> methods, String path, Role... roles) {
        return new Rule(methods, Pattern.compile(path), Set.of(roles));
    }

    /** One of these is needed; null where nobody is asked. */
    static @Nullable Set<Role> needed(String method, String path) {
        for (Rule rule : RULES) {
            if (rule.methods().contains(method) && rule.path().matcher(path).matches()) {
                return rule.roles();
            }
        }
        return OTHERWISE;
    }
}
