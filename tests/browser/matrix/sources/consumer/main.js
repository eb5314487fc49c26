// What is shared must be there before anything that uses it is evaluated.
void import('./start.js');
