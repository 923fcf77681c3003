package dtc.quarkus;

import dtc.client.DtcClient;
import jakarta.annotation.Priority;
import jakarta.interceptor.AroundInvoke;
import jakarta.interceptor.Interceptor;
import jakarta.interceptor.InvocationContext;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Runs before the interceptor of {@code @Transactional}, so the local transaction has ended before the commit. */
@DistributedTransaction
@Interceptor
@Priority(Interceptor.Priority.PLATFORM_BEFORE + 100)
public class DistributedTransactionInterceptor {

    private final DtcClient client;
    private final CurrentTransaction current;

    DistributedTransactionInterceptor(DtcClient client, CurrentTransaction current) {
        this.client = client;
        this.current = current;
    }

    @AroundInvoke
    @Nullable
    Object around(InvocationContext invocation) throws Exception {
        if (current.id() != null) {
            return invocation.proceed();
        }
        long timeoutMillis = timeoutMillis(invocation);
        DtcClient used = timeoutMillis == 0 ? client : client.withTimeout(Duration.ofMillis(timeoutMillis));
        return used.<@Nullable Object, Exception>run(transaction -> invocation.proceed())
                .orElseThrow();
    }

    private static long timeoutMillis(InvocationContext invocation) {
        DistributedTransaction binding = invocation.getMethod().getAnnotation(DistributedTransaction.class);
        if (binding == null) {
            binding = invocation.getMethod().getDeclaringClass().getAnnotation(DistributedTransaction.class);
        }
        return binding == null ? 0 : binding.timeoutMillis();
    }
}
