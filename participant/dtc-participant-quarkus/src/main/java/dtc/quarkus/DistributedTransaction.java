package dtc.quarkus;

import jakarta.enterprise.util.Nonbinding;
import jakarta.interceptor.InterceptorBinding;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Runs a method in a transaction, and commits it afterwards. An exception rolls it back. REST clients that the method
 * calls on its thread send the id of the transaction. If the thread works in a transaction already, the method is part
 * of it.
 *
 * @see dtc.client.TransactionException
 */
@Inherited
@InterceptorBinding
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.METHOD})
public @interface DistributedTransaction {

    /** When the coordinator rolls the transaction back unless it is committed; 0 for the default. */
    @Nonbinding
    long timeoutMillis() default 0;
}
