package dtc.spring;

import dtc.client.DtcClient;
import dtc.client.TransactionContext;
import java.time.Duration;
import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.framework.autoproxy.AbstractBeanFactoryAwareAdvisingPostProcessor;
import org.springframework.aop.support.ComposablePointcut;
import org.springframework.aop.support.DefaultPointcutAdvisor;
import org.springframework.aop.support.annotation.AnnotationMatchingPointcut;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.core.annotation.AnnotatedElementUtils;

/** Creates proxies for beans with {@link DistributedTransaction}. */
final class DistributedTransactionPostProcessor extends AbstractBeanFactoryAwareAdvisingPostProcessor {

    private static final long serialVersionUID = 1;

    DistributedTransactionPostProcessor(ObjectProvider<DtcClient> client) {
        // Before @Transactional, so the local transaction has ended before the commit.
        setBeforeExistingAdvisors(true);
        setProxyTargetClass(true);
        advisor = new DefaultPointcutAdvisor(
                new ComposablePointcut(AnnotationMatchingPointcut.forMethodAnnotation(DistributedTransaction.class))
                        .union(new AnnotationMatchingPointcut(DistributedTransaction.class, true)),
                new Interceptor(client));
    }

    private record Interceptor(ObjectProvider<DtcClient> client) implements MethodInterceptor {

        @Override
        public @Nullable Object invoke(MethodInvocation invocation) throws Throwable {
            if (TransactionContext.current() != null) {
                return invocation.proceed();
            }
            long timeoutMillis = timeoutMillis(invocation);
            DtcClient found = client.getObject();
            DtcClient used = timeoutMillis == 0 ? found : found.withTimeout(Duration.ofMillis(timeoutMillis));
            return used.<@Nullable Object, Exception>run(transaction -> proceed(invocation))
                    .orElseThrow();
        }

        private static @Nullable Object proceed(MethodInvocation invocation) throws Exception {
            try {
                return invocation.proceed();
            } catch (Exception | Error e) {
                throw e;
            } catch (Throwable e) {
                throw new IllegalStateException(e);
            }
        }

        private static long timeoutMillis(MethodInvocation invocation) {
            DistributedTransaction found =
                    AnnotatedElementUtils.findMergedAnnotation(invocation.getMethod(), DistributedTransaction.class);
            if (found == null) {
                found = AnnotatedElementUtils.findMergedAnnotation(
                        invocation.getMethod().getDeclaringClass(), DistributedTransaction.class);
            }
            return found == null ? 0 : found.timeoutMillis();
        }
    }
}
