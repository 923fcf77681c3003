package dtc.security;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dtc.testing.NoApplication;
import java.util.Map;
import java.util.Set;
import org.eclipse.microprofile.jwt.JsonWebToken;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@NoApplication
class CallersTest {

    private static final String PREFIX = "system:serviceaccount:dtc:";

    private record Token(String subject) implements JsonWebToken {
        @Override
        public String getName() {
            return subject;
        }

        @Override
        public Set<String> getClaimNames() {
            return Set.of("sub");
        }

        @Override
        @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
        public <T> @Nullable T getClaim(String claim) {
            return claim.equals("sub") ? (T) subject : null;
        }
    }

    /** Each service account of one namespace owns the resource manager with its name, and no other one. */
    @ParameterizedTest
    @CsvSource(textBlock = """
                    system:serviceaccount:dtc:orders,   orders
                    system:serviceaccount:dtc:payments, payments
                    system:serviceaccount:dtc:,
                    system:serviceaccount:dtc2:orders,
                    system:serviceaccount:shop:orders,
                    orders,
                    xsystem:serviceaccount:dtc:orders,
                    """)
    void a_subject_with_the_configured_prefix_owns_the_resource_manager_named_by_the_rest(
            String subject, @Nullable String owned) {
        Callers callers = new Callers(new Callers.Settings(Map.of(), Map.of(), PREFIX, null, null, null));

        Caller caller = callers.of(new Token(subject), Set.of());

        assertEquals(owned == null ? Set.of(subject) : Set.of(subject, owned), caller.owned());
        assertEquals(owned == null ? Set.of() : Set.of(Role.RESOURCE_MANAGER), caller.roles());
    }
}
