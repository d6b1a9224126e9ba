// Configures the linter: strict types, and size limits that keep one idea in each function and file.
import tseslint from 'typescript-eslint';
import { PURE } from './pure-files.js';

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'shared/gen', '.tap'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ['*.js', '*.cjs', 'shared/proto/*.js'] } },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      'max-depth': ['error', 3],
      'max-params': ['error', 5],
      complexity: ['error', 15],
      eqeqeq: 'error',
      'no-console': 'error',
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      'no-restricted-globals': [
        'error',
        {
          name: 'setTimeout',
          message: 'Wait on the clock of shared/clock.ts, so that simulated time can drive the loop.',
        },
        {
          name: 'setInterval',
          message: 'Wait on the clock of shared/clock.ts, so that simulated time can drive the loop.',
        },
      ],
    },
  },
  {
    // Nothing but the language itself: timers, processes, files and Node's globals are not defined here.
    files: PURE.flatMap((each) => (each.endsWith('.ts') ? [each] : [`${each}/**`])),
    rules: {
      'no-undef': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
          message: 'Take the time as an argument.',
        },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Take the time as an argument.' },
        { object: 'Math', property: 'random', message: 'Take what is random as an argument.' },
      ],
    },
  },
  {
    // These programs write to the terminal and may use real timers.
    files: ['test/**', 'lab/**', 'bench/**', 'cli/**', 'docs/**'],
    rules: { 'no-console': 'off', 'no-restricted-globals': 'off' },
  },
  {
    files: ['test/**'],
    rules: {
      'max-lines-per-function': 'off',
      // tap awaits its subtests itself.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafePromises: [
            { from: 'package', name: 'PromiseWithSubtest', package: '@tapjs/core' },
          ],
        },
      ],
    },
  },
  {
    files: ['**/*.js', '**/*.cjs'],
    extends: [tseslint.configs.disableTypeChecked],
    rules: { 'no-console': 'off' },
  },
);
