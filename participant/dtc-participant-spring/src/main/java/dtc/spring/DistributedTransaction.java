package dtc.spring;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Runs a method of a bean in a transaction, and commits it afterwards. An exception rolls it back. Calls of
 * {@code RestClient} on the thread of the method send the id of the transaction. If the thread works in a transaction
 * already, the method is part of it.
 *
 * @see dtc.client.TransactionException
 */
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.METHOD})
public @interface DistributedTransaction {

    /** When the coordinator rolls the transaction back unless it is committed; 0 for the default. */
    long timeoutMillis() default 0;
}
