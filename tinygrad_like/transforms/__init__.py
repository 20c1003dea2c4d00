"""Functions to functions; they nest to any depth.

choosing: argnums and argnames. structure: arguments and results in containers.
evaluation: a function run once, at stand-ins for its inputs; what its result depends on.
reverse: grad, value_and_grad, vjp, jacobian, hessian. forward: jvp.
"""
