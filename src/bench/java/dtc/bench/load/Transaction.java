package dtc.bench.load;

import io.vertx.core.Future;

/** One transaction from its begin to its end. Fails where any answer is not what the protocol promises. */
@FunctionalInterface
public interface Transaction {

    /** {@code number} differs in each transaction of one benchmark. */
    Future<Ending> run(Http http, long number);
}
