package dtc.bench.load;

import io.vertx.core.Future;

/** One transaction from its begin to its end. Fails if any answer is not what the protocol promises. */
@FunctionalInterface
public interface Transaction {

    /** {@code number} differs in each transaction of one benchmark. */
    Future<Outcome> run(Http http, long number);
}
