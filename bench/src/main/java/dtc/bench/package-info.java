/** The benchmark: scenarios, order of measurements, results and reports. */
@NullMarked
package dtc.bench;

import org.jspecify.annotations.NullMarked;
