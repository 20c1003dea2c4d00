/* A network trained sample by sample, as a first version from scratch is written: each operation on matrices is a
 * loop over its elements, and gives a new matrix on the heap. A reference for the benchmark compiled_loop.py. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    size_t rows, cols;
    double *data;
} Matrix;

static Matrix new_matrix(size_t rows, size_t cols) {
    Matrix m = {rows, cols, malloc(rows * cols * sizeof(double))};
    if (m.data == NULL) {
        abort();
    }
    return m;
}

static Matrix copy_of(size_t rows, size_t cols, const double *values) {
    Matrix m = new_matrix(rows, cols);
    memcpy(m.data, values, rows * cols * sizeof(double));
    return m;
}

static Matrix multiply(Matrix a, Matrix b) {
    Matrix m = new_matrix(a.rows, b.cols);
    for (size_t i = 0; i < a.rows; i++) {
        for (size_t j = 0; j < b.cols; j++) {
            double sum = 0.0;
            for (size_t k = 0; k < a.cols; k++) {
                sum += a.data[i * a.cols + k] * b.data[k * b.cols + j];
            }
            m.data[i * b.cols + j] = sum;
        }
    }
    return m;
}

static Matrix add(Matrix a, Matrix b) {
    Matrix m = new_matrix(a.rows, a.cols);
    for (size_t i = 0; i < a.rows * a.cols; i++) {
        m.data[i] = a.data[i] + b.data[i];
    }
    return m;
}

static Matrix subtract(Matrix a, Matrix b) {
    Matrix m = new_matrix(a.rows, a.cols);
    for (size_t i = 0; i < a.rows * a.cols; i++) {
        m.data[i] = a.data[i] - b.data[i];
    }
    return m;
}

static Matrix dot_multiply(Matrix a, Matrix b) {
    Matrix m = new_matrix(a.rows, a.cols);
    for (size_t i = 0; i < a.rows * a.cols; i++) {
        m.data[i] = a.data[i] * b.data[i];
    }
    return m;
}

static Matrix transpose(Matrix a) {
    Matrix m = new_matrix(a.cols, a.rows);
    for (size_t i = 0; i < a.rows; i++) {
        for (size_t j = 0; j < a.cols; j++) {
            m.data[j * a.rows + i] = a.data[i * a.cols + j];
        }
    }
    return m;
}

static Matrix map(Matrix a, double (*function)(double)) {
    Matrix m = new_matrix(a.rows, a.cols);
    for (size_t i = 0; i < a.rows * a.cols; i++) {
        m.data[i] = function(a.data[i]);
    }
    return m;
}

static double learning_rate;

static double sigmoid(double z) { return 1.0 / (1.0 + exp(-z)); }
static double slope(double y) { return y * (1.0 - y); }
static double scaled(double gradient) { return gradient * learning_rate; }

static void replace(Matrix *old, Matrix new) {
    free(old->data);
    *old = new;
}

/* The outputs of all layers, the inputs first. */
static void feed_forward(size_t layers, const Matrix *weights, const Matrix *biases, Matrix *outputs) {
    for (size_t i = 0; i < layers; i++) {
        Matrix product = multiply(weights[i], outputs[i]);
        Matrix z = add(product, biases[i]);
        outputs[i + 1] = map(z, sigmoid);
        free(product.data);
        free(z.data);
    }
}

/* One step of descent; gives the loss, half the squared error. */
static double back_propagate(size_t layers, Matrix *weights, Matrix *biases, const Matrix *outputs, Matrix target) {
    double loss = 0.0;
    Matrix errors = subtract(target, outputs[layers]);
    for (size_t i = 0; i < errors.rows; i++) {
        loss += 0.5 * errors.data[i] * errors.data[i];
    }
    for (size_t i = layers; i-- > 0;) {
        Matrix slopes = map(outputs[i + 1], slope);
        Matrix deltas = dot_multiply(slopes, errors);
        Matrix steps = map(deltas, scaled);
        Matrix inputs = transpose(outputs[i]);
        Matrix change = multiply(steps, inputs);
        Matrix turned = transpose(weights[i]);
        Matrix before = multiply(turned, deltas);
        replace(&weights[i], add(weights[i], change));
        replace(&biases[i], add(biases[i], steps));
        replace(&errors, before);
        free(slopes.data);
        free(deltas.data);
        free(steps.data);
        free(inputs.data);
        free(change.data);
        free(turned.data);
    }
    free(errors.data);
    return loss;
}

/* Trains in place: `values` has the weights and biases of each layer. `losses` gets the mean of each epoch. */
void train(size_t layers, const size_t *sizes, double *values, size_t samples, const double *xs, const double *ts,
           size_t epochs, double rate, double *losses) {
    Matrix *weights = malloc(layers * sizeof(Matrix)), *biases = malloc(layers * sizeof(Matrix));
    Matrix *outputs = malloc((layers + 1) * sizeof(Matrix));
    if (weights == NULL || biases == NULL || outputs == NULL) {
        abort();
    }
    double *next = values;
    for (size_t i = 0; i < layers; i++) {
        weights[i] = copy_of(sizes[i + 1], sizes[i], next);
        biases[i] = copy_of(sizes[i + 1], 1, next + sizes[i + 1] * sizes[i]);
        next += sizes[i + 1] * (sizes[i] + 1);
    }
    learning_rate = rate;
    for (size_t epoch = 0; epoch < epochs; epoch++) {
        losses[epoch] = 0.0;
        for (size_t s = 0; s < samples; s++) {
            outputs[0] = copy_of(sizes[0], 1, xs + s * sizes[0]);
            Matrix target = copy_of(sizes[layers], 1, ts + s * sizes[layers]);
            feed_forward(layers, weights, biases, outputs);
            losses[epoch] += back_propagate(layers, weights, biases, outputs, target) / (double)samples;
            for (size_t i = 0; i <= layers; i++) {
                free(outputs[i].data);
            }
            free(target.data);
        }
    }
    next = values;
    for (size_t i = 0; i < layers; i++) {
        size_t count = sizes[i + 1] * sizes[i];
        memcpy(next, weights[i].data, count * sizeof(double));
        memcpy(next + count, biases[i].data, sizes[i + 1] * sizeof(double));
        next += count + sizes[i + 1];
        free(weights[i].data);
        free(biases[i].data);
    }
    free(weights);
    free(biases);
    free(outputs);
}
