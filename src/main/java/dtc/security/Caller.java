package dtc.security;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The caller of a request.
 *
 * @param principal the subject of its token; null if security is off or the request has no token
 * @param owned ids of the resource managers that it may register
 */
public record Caller(@Nullable String principal, Set<Role> roles, Set<String> owned) {

    /** The caller of every request if security is off. It has all roles and no identity. */
    static final Caller UNRESTRICTED = new Caller(null, Set.of(Role.values()), Set.of());

    /** The caller of a request without a token. */
    static final Caller ANONYMOUS = new Caller(null, Set.of(), Set.of());

    public Caller {
        roles = Set.copyOf(roles);
        owned = Set.copyOf(owned);
    }

    boolean hasAny(Set<Role> allowed) {
        return allowed.stream().anyMatch(roles::contains);
    }

    /** Whether it may register, renew and remove the resource manager, and enlist it in transactions. */
    public boolean owns(String resourceManager) {
        return roles.contains(Role.RESOURCE_MANAGER) && (principal == null || owned.contains(resourceManager));
    }

    public boolean isOperator() {
        return roles.contains(Role.OPERATOR);
    }

    /** Whether it may begin transactions. */
    public boolean isClient() {
        return roles.contains(Role.CLIENT);
    }

    /** Whether it may see the transactions of all clients. */
    public boolean seesAll() {
        return isOperator();
    }

    /** Whether it may see the transactions of {@code owner}. */
    public boolean sees(@Nullable String owner) {
        return seesAll() || (principal != null && principal.equals(owner));
    }
}
